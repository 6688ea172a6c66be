package kubelet_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ecrlogin/credentials"
	"ecrlogin/credentials/kubelet"
	"ecrlogin/internal/lifetime"
	"ecrlogin/registry"
)

const (
	host  = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	group = "credentialprovider.kubelet.k8s.io/"
)

// now is the time at the start of each synctest bubble.
var now = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// fixed is a Source of one token, or of an error.
type fixed struct {
	token credentials.Token
	err   error
}

func (f fixed) Token(context.Context, registry.Registry) (credentials.Token, error) {
	return f.token, f.err
}

// aged returns a token of that age with a lifetime of 12 hours.
func aged(age time.Duration) fixed {
	return fixed{token: credentials.Token{Username: "AWS", Password: "node", Issued: now.Add(-age), Expiry: now.Add(12*time.Hour - age)}}
}

// renewal returns how long a token of host with a lifetime of 12 hours is used on this machine.
func renewal() time.Duration {
	return lifetime.Renewal(now, now.Add(12*time.Hour), "us-west-2").Sub(now)
}

type outcome struct {
	out, err string
	exit     int
}

func serve(t *testing.T, p *kubelet.Provider, in string) (got outcome) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		var out, errOut bytes.Buffer
		exit := p.Serve(strings.NewReader(in), &out, &errOut)
		got = outcome{out.String(), errOut.String(), exit}
	})
	return got
}

func request(version, image string) string {
	return fmt.Sprintf(`{"kind":"CredentialProviderRequest","apiVersion":"%s%s","image":"%s","new":{"field":[1]}}`, group, version, image) + "\n"
}

// The response has the version of the request. Its key is the host as written in the image.
func TestAnswer(t *testing.T) {
	p := &kubelet.Provider{Source: aged(0)}
	for _, version := range []string{"v1", "v1beta1", "v1alpha1"} {
		want := outcome{out: `{"kind":"CredentialProviderResponse","apiVersion":"` + group + version + `","cacheKeyType":"Registry","cacheDuration":"` + renewal().String() + `","auth":{"` + host + `":{"username":"AWS","password":"node"}}}` + "\n"}
		if got := serve(t, p, request(version, host+"/team/app")); got != want {
			t.Errorf("%s: got %+v\nwant %+v", version, got, want)
		}
	}
	for _, image := range []string{host + "/app:v1", host + "/app@sha256:" + strings.Repeat("0", 64), host + ":443/app", strings.ToUpper(host) + "/app", "public.ecr.aws/nginx/nginx"} {
		name, _, _ := strings.Cut(image, "/")
		if got := serve(t, p, request("v1", image)); got.exit != 0 || !strings.Contains(got.out, `"auth":{"`+name+`":{`) {
			t.Errorf("%s: %+v", image, got)
		}
	}
}

// Kubelet requests a token again after half of its lifetime, for any source, and never caches an expired token.
func TestCacheDuration(t *testing.T) {
	for _, tt := range []struct {
		age  time.Duration
		want string
	}{
		{0, renewal().String()},
		{5 * time.Hour, (renewal() - 5*time.Hour).String()},
		{5*time.Hour + 59*time.Minute + 59500*time.Millisecond, "0s"},
		{6 * time.Hour, "5m0s"}, // could not be renewed
		{11 * time.Hour, "5m0s"},
		{11*time.Hour + 56*time.Minute, "2m0s"},
		{-time.Minute, (renewal() + time.Minute).String()}, // the local clock is behind that of the machine that cached the token
	} {
		got := serve(t, &kubelet.Provider{Source: aged(tt.age)}, request("v1", host+"/app"))
		var answer struct{ CacheDuration string }
		if err := json.Unmarshal([]byte(got.out), &answer); err != nil || answer.CacheDuration != tt.want {
			t.Errorf("a token of age %s may be cached for %q, want %s", tt.age, answer.CacheDuration, tt.want)
		}
	}
}

// An expired token is not returned.
func TestExpired(t *testing.T) {
	want := outcome{err: host + ": two tokens expired while they were fetched; check the system clock and the response time of the credential store", exit: 1}
	for _, age := range []time.Duration{12*time.Hour - time.Minute, 12 * time.Hour, 13 * time.Hour} {
		if got := serve(t, &kubelet.Provider{Source: aged(age)}, request("v1", host+"/app")); got != want {
			t.Errorf("with a token of age %s: %+v", age, got)
		}
	}
}

// A host that is not ECR gets no credentials, and the pull continues. An alias gets the credentials of its registry.
func TestOtherHosts(t *testing.T) {
	p := &kubelet.Provider{Source: aged(0), Resolve: func(s string) (registry.Registry, error) {
		if s == "docker.io" || s == "registry.corp.example:5000" {
			return registry.Parse(host)
		}
		return registry.Parse(s)
	}}
	none := `{"kind":"CredentialProviderResponse","apiVersion":"` + group + `v1","cacheKeyType":"Registry","cacheDuration":"0s"}` + "\n"
	for _, image := range []string{"evil.example.com/foo:1", "ghcr.io/app", "localhost/app", "localhost:5000/app", host + ".evil.example.com/app", "evil.example.com/" + host, "x@" + host + "/app"} {
		name, _, _ := strings.Cut(strings.Replace(image, "x@", "…@", 1), "/") // user information is not repeated
		want := outcome{out: none, err: name + ": no credentials: not an Amazon ECR registry or an alias of one; remove it from matchImages\n"}
		if got := serve(t, p, request("v1", image)); got != want {
			t.Errorf("%s: got %+v\nwant %+v", image, got, want)
		}
	}
	for image, name := range map[string]string{"docker.io/library/busybox": "docker.io", "library/busybox": "docker.io", "busybox": "docker.io", "registry.corp.example:5000/app": "registry.corp.example:5000"} {
		if got := serve(t, p, request("v1", image)); got.exit != 0 || !strings.Contains(got.out, `"auth":{"`+name+`":{"username":"AWS"`) {
			t.Errorf("%s: %+v", image, got)
		}
	}
}

// An unavailable token is an error: one line for the log of kubelet, and no response.
func TestNoToken(t *testing.T) {
	failing := &kubelet.Provider{Source: fixed{err: errors.New(host + ": access denied")}}
	if got, want := serve(t, failing, request("v1", host+"/app")), (outcome{err: host + ": access denied", exit: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	withoutIdentity := &kubelet.Provider{Source: fixed{err: fmt.Errorf("%w anywhere", credentials.ErrNoIdentity)}}
	if got := serve(t, withoutIdentity, request("v1", host+"/app")); got.exit != 1 || got.out != "" {
		t.Errorf("without an identity: %+v", got)
	}
	if got := serve(t, withoutIdentity, request("v1", "public.ecr.aws/nginx/nginx")); got.exit != 0 || strings.Contains(got.out, "auth") || !strings.Contains(got.err, "no AWS credentials found") {
		t.Errorf("without an identity, of a public image: %+v", got)
	}
	denied := &kubelet.Provider{Source: fixed{err: errors.New("public.ecr.aws: access denied")}}
	want := outcome{
		out: `{"kind":"CredentialProviderResponse","apiVersion":"` + group + `v1","cacheKeyType":"Registry","cacheDuration":"0s"}` + "\n",
		err: "public.ecr.aws: access denied; pulling without credentials\n",
	}
	if got := serve(t, denied, request("v1", "public.ecr.aws/nginx/nginx")); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	mistaken := &kubelet.Provider{Source: fixed{err: fmt.Errorf("public.ecr.aws: %w", credentials.ErrConfiguration)}}
	if got, want := serve(t, mistaken, request("v1", "public.ecr.aws/nginx/nginx")), (outcome{err: "public.ecr.aws: invalid configuration", exit: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	wrong := &kubelet.Provider{Source: aged(0), Resolve: func(string) (registry.Registry, error) {
		return registry.Registry{}, errors.New("config.yaml:1:1: unknown key")
	}}
	if got, want := serve(t, wrong, request("v1", host+"/app")), (outcome{err: "config.yaml:1:1: unknown key", exit: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestNotARequest(t *testing.T) {
	p := &kubelet.Provider{Source: aged(0)}
	const secret = "eyJhbGciOiJub25lIn0"
	for _, tt := range []struct{ name, in, want string }{
		{"nothing", " \n", "standard input is empty: expected a CredentialProviderRequest from the kubelet"},
		{"no JSON", host + " " + secret, "invalid kubelet request on standard input: expected the JSON of a CredentialProviderRequest: syntax error at byte"},
		{"cut short", request("v1", host+secret)[:90], "syntax error at byte"},
		{"a list", `["` + secret + `"]`, "request has the wrong type: array"},
		{"another type", `{"kind":"CredentialProviderRequest","image":["` + secret + `"]}`, "image has the wrong type: array"},
		{"another kind", `{"kind":"Pod","apiVersion":"v1"}`, `kind "Pod", expected CredentialProviderRequest`},
		{"another version", request("v2", host+"/app"), `unsupported apiVersion "` + group + `v2"; supported versions are ` + group + "v1, "},
		{"no image", request("v1", ""), "image is missing"},
		{"100 MB", `{"kind":"` + strings.Repeat(secret, 100<<20/len(secret)), "longer than the limit of 1048576 bytes"},
	} {
		got := serve(t, p, tt.in)
		if got.exit != 1 || got.out != "" || !strings.Contains(got.err, tt.want) || strings.Contains(got.err, "\n") || strings.Contains(got.err, secret) {
			t.Errorf("%s: got %+v\nwant %s", tt.name, got, tt.want)
		}
	}
}

// token returns a service account token with these claims.
func token(claims string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"RS256"}`)) + "." + enc([]byte(claims)) + "." + enc([]byte("signature"))
}

func tokenRequest(token string, annotations map[string]string) string {
	b, _ := json.Marshal(map[string]any{"kind": "CredentialProviderRequest", "apiVersion": group + "v1", "image": host + "/app",
		"serviceAccountToken": token, "serviceAccountAnnotations": annotations})
	return string(b)
}

const (
	pull = "arn:aws:iam::123456789012:role/pull"
	own  = "arn:aws:iam::123456789012:role/own"
	node = "arn:aws:iam::123456789012:role/flag"
)

// The role is from the annotation for pulls, the annotation of the pod or the flag, in this order. Without a role, the
// identity of the node is used.
func TestServiceAccount(t *testing.T) {
	puller := token(`{"sub":"system:serviceaccount:team-b:puller","aud":["sts.amazonaws.com"],"iss":"https://cluster.example"}`)
	for _, tt := range []struct {
		name        string
		annotations map[string]string
		flag        string
		want        string
	}{
		{"both", map[string]string{kubelet.PullRoleAnnotation: pull, kubelet.RoleAnnotation: own}, node, pull},
		{"own", map[string]string{kubelet.RoleAnnotation: own, "other": pull}, node, own},
		{"flag", nil, node, node},
		{"empty", map[string]string{kubelet.PullRoleAnnotation: "", kubelet.RoleAnnotation: ""}, node, node},
		{"none", map[string]string{"other": pull}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked []*credentials.WebIdentity
			p := &kubelet.Provider{Source: aged(0), RoleARN: tt.flag, RoleSource: func(w *credentials.WebIdentity) credentials.Source {
				asked = append(asked, w)
				return fixed{token: credentials.Token{Username: "AWS", Password: "role", Issued: now, Expiry: now.Add(12 * time.Hour)}}
			}}
			got := serve(t, p, tokenRequest(puller, tt.annotations))
			if tt.want == "" {
				if len(asked) != 0 || !strings.Contains(got.out, `"password":"node"`) {
					t.Errorf("called for %v: %+v", asked, got)
				}
				return
			}
			want := []*credentials.WebIdentity{{RoleARN: tt.want, Token: puller, SessionName: "ecr-login@team-b.puller", Label: "service account team-b/puller",
				Subject: "system:serviceaccount:team-b:puller", Audience: []string{"sts.amazonaws.com"}, Issuer: "https://cluster.example"}}
			if diff := cmp.Diff(want, asked); diff != "" || !strings.Contains(got.out, `"password":"role"`) {
				t.Errorf("%s%+v", diff, got)
			}
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
				if s := fmt.Sprintf(verb, *asked[0]); s != "service account team-b/puller" {
					t.Errorf("%s prints %q", verb, s)
				}
			}
		})
	}
	if p := (&kubelet.Provider{Source: aged(0), RoleARN: node}); serve(t, p, request("v1", host+"/app")).exit != 0 {
		t.Error("without a token, the role of service accounts is used")
	}
}

func TestServiceAccountFails(t *testing.T) {
	p := &kubelet.Provider{Source: aged(0)}
	good := token(`{"sub":"system:serviceaccount:b:puller","aud":"sts.amazonaws.com"}`)
	for _, tt := range []struct{ name, token, role, want string }{
		{"no JWT", "secret", pull, "the service account token is not a JSON web token"},
		{"no base64", "a.b!.secret", pull, "the service account token is not a JSON web token"},
		{"no JSON", token("secret"), pull, "the service account token is not a JSON web token"},
		{"no ARN", good, "pull", `service account b/puller: invalid role ARN "pull", expected arn:aws:iam::123456789012:role/NAME; correct its annotation eks.amazonaws.com/ecr-role-arn or`},
		{"no account", good, "arn:aws:iam:::role/pull", `service account b/puller: invalid role ARN "arn:aws:iam:::role/pull"`},
		{"a user", good, "arn:aws:iam::123456789012:user/x:role/y", `service account b/puller: invalid role ARN "arn:`},
	} {
		got := serve(t, p, tokenRequest(tt.token, map[string]string{kubelet.PullRoleAnnotation: tt.role}))
		if got.exit != 1 || got.out != "" || !strings.HasPrefix(got.err, host+": "+tt.want) || strings.Contains(got.err, "secret") {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

// STS limits a session name to 64 characters and does not accept all characters of a service account name.
func TestSessionName(t *testing.T) {
	for subject, want := range map[string]string{
		"system:serviceaccount:a:b.c-d":                           "ecr-login@a.b.c-d",
		"system:serviceaccount:" + strings.Repeat("n", 63) + ":b": "ecr-login@" + strings.Repeat("n", 54),
		"system:serviceaccount:a:b/ö":                             "ecr-login@a.b--",
		"system:serviceaccount::":                                 "ecr-login@.",
		"another subject":                                         "ecr-login@.",
	} {
		got := ""
		p := &kubelet.Provider{RoleARN: node, RoleSource: func(w *credentials.WebIdentity) credentials.Source {
			got = w.SessionName
			return aged(0)
		}}
		serve(t, p, tokenRequest(token(`{"sub":"`+subject+`"}`), nil))
		if got != want {
			t.Errorf("%s: %q, want %q", subject, got, want)
		}
	}
}

func TestIsRequest(t *testing.T) {
	for in, want := range map[string]bool{
		request("v1", host): true, " \n" + request("v1", host)[:60]: true, host: false, "{}": false, "": false, `"CredentialProviderRequest"`: false,
	} {
		if got := kubelet.IsRequest([]byte(in)); got != want {
			t.Errorf("IsRequest(%q) = %v", in, got)
		}
	}
}

// For any input, a response is complete, and a failure writes one line and no response.
func FuzzServe(f *testing.F) {
	f.Add(request("v1", host+"/app"))
	f.Add(request("v1alpha1", "docker.io/library/busybox"))
	f.Add(tokenRequest(token(`{"sub":"system:serviceaccount:b:puller","aud":["a","b"]}`), map[string]string{kubelet.RoleAnnotation: own}))
	f.Fuzz(func(t *testing.T, in string) {
		p := &kubelet.Provider{Source: aged(0), RoleSource: func(*credentials.WebIdentity) credentials.Source { return aged(0) }}
		got := serve(t, p, in)
		var answer struct {
			Kind string
			Auth map[string]struct{ Password string }
		}
		switch {
		case got.exit == 0 && (json.Unmarshal([]byte(got.out), &answer) != nil || answer.Kind != "CredentialProviderResponse"):
			t.Errorf("%q: %+v", in, got)
		case got.exit != 0 && (got.out != "" || got.err == ""):
			t.Errorf("%q: %+v", in, got)
		}
		for name := range answer.Auth {
			if _, err := registry.Parse(name); err != nil {
				t.Errorf("%q: a password for %q", in, name)
			}
		}
	})
}
