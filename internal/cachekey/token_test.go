package cachekey

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ecrlogin/internal/environ"
	"ecrlogin/internal/store"
)

// jwt returns a JSON web token with these claims.
func jwt(claims string) string {
	return "eyJhbGciOiJSUzI1NiJ9." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
}

// Claims of a CI job, and of a pod with EKS Pod Identity.
const (
	job = `{"jti":"1","iss":"https://ci.example.com","sub":"repo:team/app:ref:refs/heads/main","aud":"sts.amazonaws.com","exp":1}`
	pod = `{"aud":["pods.eks.amazonaws.com"],"exp":1785600000,"iat":1785513600,"iss":"https://oidc.eks.us-west-2.amazonaws.com/id/A",` +
		`"kubernetes.io":{"namespace":"team","node":{"name":"ip-10-0-0-1","uid":"1"},"pod":{"name":"app-1","uid":"2"},` +
		`"serviceaccount":{"name":"app","uid":"3"}},"nbf":1785513600,"sub":"system:serviceaccount:team:app"}`
)

// The key depends on the claims in a token file that select the identity, and on no others.
func TestTokenFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "token file")
	env := func(variables ...string) environ.Env { return append(environ.Env{"HOME=" + dir}, variables...) }
	write := func(name, content string) string {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(dir, name)
	}
	config := write("config", "[profile dev]\nrole_arn = a\n WEB_identity_token_file : \""+path+"\" # mounted\n")
	for name, env := range map[string]environ.Env{
		"web identity":     env("AWS_WEB_IDENTITY_TOKEN_FILE="+path, "AWS_ROLE_ARN=a"),
		"EKS Pod Identity": env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=" + path),
		"config file":      env("AWS_CONFIG_FILE=" + config),
		"credentials file": env("AWS_SHARED_CREDENTIALS_FILE=" + config),
	} {
		key := func(content string) store.Key {
			t.Helper()
			write("token file", content)
			in, err := Read(env, "")
			if err != nil {
				t.Fatal(err)
			}
			if _, signed, _ := strings.Cut(content, "."); signed != "" && bytes.Contains(in.encode(), []byte(signed)) {
				t.Errorf("%s: the inputs contain the token %q", name, content)
			}
			return in.Key()
		}
		edit := func(claims, before, after string) string {
			if !strings.Contains(claims, before) {
				t.Fatalf("%s does not contain %s", claims, before)
			}
			return jwt(strings.Replace(claims, before, after, 1))
		}
		first := map[string]store.Key{job: key(jwt(job)), pod: key(jwt(pod))}
		for what, same := range map[string]struct{ claims, token string }{
			"new jti":            {job, edit(job, `"jti":"1"`, `"jti":"2"`)},
			"new expiry":         {job, edit(job, `"exp":1`, `"exp":2.5e3, "run_id" : [null, {"sub":"x,]}\""}]`)},
			"other signature":    {job, jwt(job) + "MQ"},
			"final newline":      {job, jwt(job) + "\n"},
			"spaces":             {job, edit(job, `"aud":"sts.amazonaws.com"`, "\n \"aud\" : \"sts.amazonaws.com\"\t\r\n")},
			"another order":      {job, edit(edited(job, `"iss":"https://ci.example.com",`, ""), `"exp":1`, `"exp":1,"iss":"https://ci.example.com"`)},
			"another pod":        {pod, edit(pod, `"pod":{"name":"app-1","uid":"2"}`, `"pod":{"name":"app-2","uid":"4"}`)},
			"another node":       {pod, edit(pod, "ip-10-0-0-1", "ip-10-0-0-2")},
			"new expiry of pods": {pod, edit(pod, `"exp":1785600000`, `"exp":1785686400`)},
		} {
			if key(same.token) != first[same.claims] {
				t.Errorf("%s: %s changes the key", name, what)
			}
		}
		seen := map[store.Key]string{first[job]: "job", first[pod]: "pod"}
		for what, other := range map[string]string{
			"subject":         edit(job, "heads/main", "heads/other"),
			"issuer":          edit(job, "ci.example.com", "ci.example.org"),
			"audience":        edit(job, `"sts.amazonaws.com"`, `"sts.amazonaws.com.cn"`),
			"no audience":     edit(job, `"aud":"sts.amazonaws.com",`, ""),
			"authorized":      edit(job, `"jti":"1"`, `"azp":"1"`),
			"tags":            edit(job, `"jti":"1"`, `"https://aws.amazon.com/tags":{"principal_tags":{"team":["a"]}}`),
			"source":          edit(job, `"jti":"1"`, `"https://aws.amazon.com/source_identity":"a"`),
			"namespace":       edit(pod, ":team:", ":other:"),
			"service account": edit(pod, `:app"`, `:other"`),
			"opaque":          "opaque", "another opaque": "another", "empty": "",
			"encrypted":         jwt(job) + ".a.b",
			"two parts":         strings.TrimSuffix(jwt(job), ".c2ln"),
			"without subject":   edit(job, `"sub"`, `"sbu"`),
			"empty subject":     edit(job, "repo:team/app:ref:refs/heads/main", ""),
			"number":            edit(job, `"repo:team/app:ref:refs/heads/main"`, "1"),
			"two subjects":      edit(job, `"exp":1`, `"sub":"repo:team/app:ref:refs/heads/main"`),
			"escaped name":      edit(job, `"exp":1`, `"\u0073ub":"b"`),
			"not closed":        jwt(strings.TrimSuffix(job, "}")),
			"more than a value": jwt(job + "{}"),
			"array":             jwt("[" + job + "]"),
			"not base64":        "a." + job + ".b",
		} {
			k := key(other)
			if before, ok := seen[k]; ok {
				t.Errorf("%s: %s has the key of %s", name, what, before)
			}
			seen[k] = what
		}
	}
}

func edited(s, before, after string) string { return strings.Replace(s, before, after, 1) }

// A token file that the AWS SDK cannot read does not prevent caching, because the identity does not come from it. A file
// that only the SDK can read does.
func TestUnreadableTokenFiles(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, bytes.Repeat([]byte("s"), maxToken+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		filepath.Join(dir, "none"): true, filepath.Join(large, "below"): true, dir: true, "a\x00b": true,
		large: false, "/dev/zero": false,
	} {
		_, err := Read(environ.Env{"HOME=" + dir, "AWS_WEB_IDENTITY_TOKEN_FILE=" + path}, "")
		if (err == nil) != want {
			t.Errorf("%q: %v", path, err)
		}
		if err != nil && strings.Contains(err.Error(), "sss") {
			t.Errorf("the error contains the token: %v", err)
		}
	}
}

// identityClaims returns claims only of tokens whose claims are those that encoding/json finds.
func FuzzIdentityClaims(f *testing.F) {
	for _, claims := range []string{job, pod, `{"iss":"a","sub":"b\"\\","aud":["x",{"y":[]}]} `, `{"iss":"a","sub":"b",}`, "{}", ""} {
		f.Add(claims)
	}
	f.Fuzz(func(t *testing.T, claims string) {
		encoded, ok := identityClaims([]byte(jwt(claims)))
		var want map[string]json.RawMessage
		if json.Unmarshal([]byte(claims), &want) != nil || !ok {
			return
		}
		for _, name := range coveredClaims {
			if !bytes.Contains(encoded, bytes.Trim(want[name], " \t\r\n")) {
				t.Errorf("%s: %s is missing", claims, name)
			}
		}
	})
}
