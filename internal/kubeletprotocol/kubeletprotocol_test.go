package kubeletprotocol_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"ecrlogin/internal/kubeletprotocol"
	"ecrlogin/internal/lifetime"
)

const image = "123456789012.dkr.ecr.us-west-2.amazonaws.com/app"

func request(version string) string {
	return `{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/` + version +
		`","image":"` + image + `"}` + "\n"
}

// Requests as kubelet 1.26 to 1.36 encodes them are parsed, and equal ones in another layout.
var valid = []string{
	request("v1"), request("v1beta1"), request("v1alpha1"),
	strings.TrimSpace(request("v1")),
	strings.NewReplacer(",", " ,\r\n\t", ":", " : ", "{", " { ").Replace(
		`{"image":"app","kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1"}`),
}

// Other input, even if it is valid, is left to encoding/json.
var other = []string{
	"", "{}", "null", "[]", `"`, `{"kind`, image, request("v2"),
	strings.Replace(request("v1"), "Request", "Response", 1),
	strings.Replace(request("v1"), image, "", 1),
	strings.Replace(request("v1"), image, `\u0061pp`, 1),
	strings.Replace(request("v1"), image, "\x00", 1),
	strings.Replace(request("v1"), image, "é", 1),
	strings.Replace(request("v1"), image, "\xff", 1),
	strings.Replace(request("v1"), `"`+image+`"`, "1", 1),
	strings.Replace(request("v1"), `"`+image+`"`, "null", 1),
	strings.Replace(request("v1"), "image", "Image", 1),
	strings.Replace(request("v1"), "image", "kind", 1),
	strings.Replace(request("v1"), "{", "{,", 1),
	strings.Replace(request("v1"), "}", ",}", 1),
	strings.Replace(request("v1"), "}", `,"image":"other"}`, 1),
	strings.Replace(request("v1"), "}", `,"serviceAccountToken":""}`, 1),
	strings.Replace(request("v1"), "}", `,"serviceAccountAnnotations":{}}`, 1),
	strings.Replace(request("v1"), "}", `,"unknown":true}`, 1),
	strings.Replace(request("v1"), "}", "", 1),
	request("v1") + "x", request("v1") + request("v1"), "\ufeff" + request("v1"), "\v" + request("v1"),
}

func TestParseRequest(t *testing.T) {
	for _, input := range valid {
		if !check(t, input) {
			t.Errorf("not parsed: %q", input)
		}
	}
	for _, input := range other {
		if check(t, input) {
			t.Errorf("parsed: %q", input)
		}
	}
}

// FuzzParseRequest checks that every request that is parsed is the same request for encoding/json.
func FuzzParseRequest(f *testing.F) {
	for _, input := range append(valid, other...) {
		f.Add(input)
	}
	f.Fuzz(func(t *testing.T, input string) { check(t, input) })
}

// check reports whether the input is parsed, and fails if encoding/json does not return the same fields, and no others.
func check(t *testing.T, input string) (ok bool) {
	t.Helper()
	r, ok := kubeletprotocol.ParseRequest(input)
	if !ok {
		return false
	}
	var want map[string]string
	if err := json.Unmarshal([]byte(input), &want); err != nil {
		t.Fatalf("%q: %v", input, err)
	}
	if len(want) != 3 || want["kind"] != kubeletprotocol.RequestKind || want["apiVersion"] != r.APIVersion ||
		want["image"] != r.Image || r.Image == "" {
		t.Errorf("%q: parsed as %+v, but it is %v", input, r, want)
	}
	return true
}

// A token may be cached until it is renewed, and never longer than until half of its life has passed. If it could not
// be renewed, it is cached for a short time.
func TestCacheDuration(t *testing.T) {
	const region = "us-west-2"
	issued := time.Unix(1_800_000_000, 0)
	expiry := issued.Add(12 * time.Hour)
	renewal := lifetime.Renewal(issued, expiry, region).Sub(issued) // depends on the machine
	for _, tt := range []struct {
		age  time.Duration
		want string
	}{
		{0, renewal.String()},
		{time.Millisecond, (renewal - time.Second).String()},
		{renewal - time.Second, "1s"},
		{renewal, min(5*time.Minute, 6*time.Hour-renewal).String()},
		{6*time.Hour - time.Second, "1s"},
		{6 * time.Hour, "5m0s"},
		{12*time.Hour - 4*time.Minute, "2m0s"},
		{12 * time.Hour, "0s"},
		{13 * time.Hour, "0s"},
	} {
		if got := kubeletprotocol.CacheDuration(issued, expiry, region, issued.Add(tt.age)).String(); got != tt.want {
			t.Errorf("after %s: %s, want %s", tt.age, got, tt.want)
		}
	}
}
