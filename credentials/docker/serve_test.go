package docker_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ecrlogin/cache"
	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
	"ecrlogin/credentials/docker"
	"ecrlogin/internal/awstest"
	"ecrlogin/registry"
)

const (
	host     = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	notFound = "credentials not found in native keychain\n"
)

// newCloud starts a stand-in for AWS and puts an identity for it into the environment, or none.
func newCloud(t *testing.T, identity bool) *awstest.Server {
	t.Helper()
	cloud := awstest.New(t)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_CONFIG_FILE", "none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "none")
	t.Setenv("AWS_PROFILE", "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_ENDPOINT_URL", cloud.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	if identity {
		t.Setenv("AWS_ACCESS_KEY_ID", awstest.KeyID)
		t.Setenv("AWS_SECRET_ACCESS_KEY", awstest.SecretKey)
	}
	return cloud
}

// An outcome is the result of a call as a client sees it.
type outcome struct {
	out, err string
	exit     int
}

func serve(action, in string) outcome {
	var out, errOut bytes.Buffer
	h := &docker.Helper{Source: new(aws.Source), Notices: &errOut}
	exit := h.Serve(action, strings.NewReader(in), &out, &errOut)
	return outcome{out.String(), errOut.String(), exit}
}

func TestGet(t *testing.T) {
	cloud := newCloud(t, true)
	for _, in := range []string{host, host + "\n", "https://" + host, host + ":443", strings.ToUpper(host), host + "/team/app:v1", "  " + host + "\r\n", "public.ecr.aws"} {
		cloud.ResetCalls()
		got := serve("get", in)
		if got.exit != 0 || got.err != "" {
			t.Errorf("get %q: exit %d, stderr %q", in, got.exit, got.err)
			continue
		}
		dec := json.NewDecoder(strings.NewReader(got.out))
		dec.DisallowUnknownFields()
		var answer struct{ ServerURL, Username, Secret string }
		if err := dec.Decode(&answer); err != nil {
			t.Fatalf("get %q: %v", in, err)
		}
		if _, err := dec.Token(); err != io.EOF {
			t.Errorf("get %q: more than one JSON value", in)
		}
		if answer.ServerURL != strings.TrimSpace(in) || answer.Username != "AWS" || len(answer.Secret) < 1500 {
			t.Errorf("get %q: ServerURL %q, Username %q, Secret of %d characters", in, answer.ServerURL, answer.Username, len(answer.Secret))
		}
		if n := cloud.Count(awstest.GetAuthorizationToken) + cloud.Count(awstest.GetPublicAuthorizationToken); n != 1 {
			t.Errorf("get %q: %d calls", in, n)
		}
	}
}

// For a host that is not ECR, the only output is "not found". AWS is not called, and an invalid AWS configuration is
// not reported.
func TestGetOfAnotherHost(t *testing.T) {
	cloud := newCloud(t, true)
	t.Setenv("AWS_CONFIG_FILE", "/dev/null/none")
	t.Setenv("AWS_PROFILE", "absent")
	for _, in := range []string{"https://index.docker.io/v1/", "ghcr.io", "127.0.0.1:5000", "http://" + host, host + ".example.com", "user:secret@" + host} {
		if got, want := serve("get", in), (outcome{out: notFound, exit: 1}); got != want {
			t.Errorf("get %q = %+v, want %+v", in, got, want)
		}
	}
	if calls := cloud.Calls(); len(calls) != 0 {
		t.Errorf("calls: %v", calls)
	}
}

// Without a token of ECR Public, for whatever reason, the result is "not found". Standard error has one line with the
// reason.
func TestGetPublicFails(t *testing.T) {
	const scp = "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: ecr-public:GetAuthorizationToken " +
		"because of an explicit deny in a service control policy"
	for _, tt := range []struct {
		name  string
		setUp func(t *testing.T)
		fault awstest.Fault
		want  string // in the line
	}{
		{"no identity", func(t *testing.T) { t.Setenv("AWS_ACCESS_KEY_ID", "") }, awstest.Fault{}, "no AWS credentials found: "},
		{"denied", nil, awstest.Fault{Type: "AccessDeniedException"}, "access denied: "},
		{"SCP", nil, awstest.Fault{Type: "AccessDeniedException", Message: scp}, ": of an explicit deny in a service control policy; allow "},
		{"another partition", nil, awstest.Fault{Type: "UnrecognizedClientException"}, "AWS does not recognize these keys (UnrecognizedClientException); "},
		{"unknown keys", nil, awstest.Fault{Type: "InvalidClientTokenId"}, "AWS does not recognize these keys (InvalidClientTokenId); "},
		{"expired", nil, awstest.Fault{Type: "ExpiredTokenException"}, "the temporary credentials have expired; "},
		{"refused", func(t *testing.T) { t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1") }, awstest.Fault{}, "127.0.0.1:1 refused the connection "},
		{"silent", nil, awstest.Fault{Hang: true}, "timed out after "},
		{"dropped", nil, awstest.Fault{Drop: true}, "closed the connection without a response "},
		{"throttled", nil, awstest.Fault{Type: "ThrottlingException"}, " throttled the request of "},
		{"unavailable", nil, awstest.Fault{Status: 503}, " is unavailable: it returned status 503 to "},
		{"captive portal", nil, awstest.Fault{Body: "<html></html>", ContentType: "text/html"}, "returned an HTML page "},
		{"no profile", func(t *testing.T) { t.Setenv("AWS_PROFILE", "absent") }, awstest.Fault{}, `profile "absent" does not exist `},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cloud := newCloud(t, true)
			cloud.Inject(tt.fault)
			if tt.setUp != nil {
				tt.setUp(t)
			}
			for _, in := range []string{"public.ecr.aws", "https://ecr-public.aws.com/"} {
				var out, errOut bytes.Buffer
				h := &docker.Helper{Source: &aws.Source{PublicTimeout: time.Second}, Notices: &errOut}
				exit := h.Serve("get", strings.NewReader(in), &out, &errOut)
				if out.String() != notFound || exit != 1 {
					t.Errorf("get %q printed %q with exit code %d", in, &out, exit)
				}
				line := errOut.String()
				if !strings.HasPrefix(line, strings.Trim(strings.TrimPrefix(in, "https:"), "/")+": ") || !strings.Contains(line, tt.want) || strings.Count(line, "\n") != 1 ||
					!strings.HasSuffix(line, "; continuing without a password, with which public images can be pulled, but not pushed\n") {
					t.Errorf("get %q printed %q to standard error, want %q", in, line, tt.want)
				}
			}
		})
	}
}

// A failure writes the same line to both streams.
func TestGetFails(t *testing.T) {
	cloud := newCloud(t, true)
	cloud.Inject(awstest.Fault{Status: 400, Type: "AccessDeniedException"})
	got := serve("get", host)
	if got.exit != 1 || got.out != got.err || strings.Count(got.out, "\n") != 1 || !strings.HasPrefix(got.out, host+": access denied: ") {
		t.Errorf("get %q = %+v", host, got)
	}
}

// So does a mistake in the configuration, for ECR Public too.
func TestGetPublicWithMistake(t *testing.T) {
	cloud := newCloud(t, true)
	for _, identity := range []credentials.Identity{{Profile: "absent"}, {RoleARN: "arn:aws-us-gov:iam::123456789012:role/pull"}} {
		var out, errOut bytes.Buffer
		source := &aws.Source{Identity: func(registry.Registry) credentials.Identity { return identity }}
		exit := (&docker.Helper{Source: source, Notices: &errOut}).Serve("get", strings.NewReader("public.ecr.aws"), &out, &errOut)
		if exit != 1 || out.String() != errOut.String() || !strings.HasPrefix(out.String(), "public.ecr.aws: ") {
			t.Errorf("%+v: printed %q and %q", identity, &out, &errOut)
		}
	}
	if calls := cloud.Calls(); len(calls) != 0 {
		t.Errorf("calls: %v", calls)
	}
}

func TestGetTimeout(t *testing.T) {
	cloud := newCloud(t, true)
	cloud.Inject(awstest.Fault{Hang: true})
	h := &docker.Helper{Source: new(aws.Source), Timeout: 50 * time.Millisecond}
	_, password, err := h.Get(host)
	if err == nil || password != "" || !strings.Contains(err.Error(), "timed out after") {
		t.Errorf("got a password of %d characters, %v; want the deadline", len(password), err)
	}
}

func TestOtherActions(t *testing.T) {
	cloud := newCloud(t, true)
	password := cloud.IssueToken("us-west-2", false)
	store := func(serverURL string) string { return login(serverURL, "AWS", password) }
	const kept = host + ": password not stored: no token cache is configured; docker login is optional, because this helper fetches passwords on demand\n"
	// both fails, and the error is on both streams.
	both := func(line string) outcome { return outcome{line + "\n", line + "\n", 1} }
	const unnamed = "no credentials server URL\n"
	tests := []struct {
		name, action, in string
		want             outcome
	}{
		{"list", "list", "unused", outcome{out: "{}\n"}},
		{"list with nothing on stdin", "list", "", outcome{out: "{}\n"}},
		{"store", "store", store(host), outcome{err: kept}},
		{"store a URL", "store", store("https://" + host + "/v2/"), outcome{err: kept}},
		{"store for another host", "store", store("https://user:pw@registry.example.com/v1/"), both("registry.example.com: cannot store this password: this helper supports only Amazon ECR; set " +
			`a helper for other registries in the configuration, such as "fallback: file", or configure ecr-login under "credHelpers" for your ECR hosts instead of as "credsStore"`)},
		{"store nothing", "store", "", both(`store: invalid JSON on standard input, expected {"ServerURL":…,"Username":…,"Secret":…}: EOF`)},
		{"store no JSON", "store", "hunter2", both(`store: invalid JSON on standard input, expected {"ServerURL":…,"Username":…,"Secret":…}: invalid character 'h' looking for beginning of value`)},
		{"store half of it", "store", store(host)[:80], both(`store: invalid JSON on standard input, expected {"ServerURL":…,"Username":…,"Secret":…}: unexpected EOF`)},
		{"store JSON of another kind", "store", `["hunter2"]`, both(`store: invalid JSON on standard input, expected {"ServerURL":…,"Username":…,"Secret":…}: json: cannot unmarshal array into Go value of type credentials.Credentials`)},
		{"erase", "erase", host, outcome{}},
		{"erase another host", "erase", "https://index.docker.io/v1/", outcome{}},
		{"erase nothing", "erase", "", outcome{err: "nothing erased: no credentials server URL\n"}},
		{"get nothing", "get", " \n", outcome{unnamed, "no credentials server URL: get expects the registry host on standard input\n", 1}},
		{"get too much", "get", strings.Repeat("x", 1<<20), both("get: standard input contains a line of 65536 bytes or more; write only the registry host")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := serve(tt.action, tt.in); got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
	if calls := cloud.Calls(); len(calls) != 0 {
		t.Errorf("calls: %v", calls)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestGetWithClosedOutput(t *testing.T) {
	newCloud(t, true)
	var errOut bytes.Buffer
	exit := (&docker.Helper{Source: new(aws.Source)}).Serve("get", strings.NewReader(host), brokenPipe{}, &errOut)
	if want := "writing the response: broken pipe\n"; exit != 1 || errOut.String() != want {
		t.Errorf("exit %d, stderr %q; want 1, %q", exit, errOut.String(), want)
	}
}

// With a TokenStore, list returns them and erase deletes them.
func TestListAndEraseWithACache(t *testing.T) {
	cloud := newCloud(t, true)
	dir := filepath.Join(t.TempDir(), "cache")
	serve := func(action, in string) outcome {
		var out, errOut bytes.Buffer
		tokens := &cache.Cache{Source: new(aws.Source), Dir: dir}
		h := &docker.Helper{Source: tokens, Tokens: tokens, Notices: &errOut}
		return outcome{exit: h.Serve(action, strings.NewReader(in), &out, &errOut), out: out.String(), err: errOut.String()}
	}
	const second = "210987654321.dkr.ecr.eu-west-1.amazonaws.com"
	for _, in := range []string{host, second, "https://" + host} {
		if got := serve("get", in); got.exit != 0 {
			t.Fatalf("get %q: %s", in, got.err)
		}
	}
	if n := cloud.Count(awstest.GetAuthorizationToken); n != 2 {
		t.Errorf("%d calls, want 2", n)
	}
	steps := []struct{ action, in, want string }{
		{"list", "", `{"` + host + `":"AWS","` + second + `":"AWS"}` + "\n"},
		{"erase", "ghcr.io", ""},
		{"erase", "https://" + host, ""},
		{"list", "", `{"` + second + `":"AWS"}` + "\n"},
	}
	for _, step := range steps {
		if got, want := serve(step.action, step.in), (outcome{out: step.want}); got != want {
			t.Errorf("%s %q = %+v, want %+v", step.action, step.in, got, want)
		}
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	got := serve("erase", second)
	if got.exit != 0 || got.out != "" || !strings.Contains(got.err, "can be written to by others") {
		t.Errorf("erase in an unsafe directory = %+v, want a line on stderr and exit 0", got)
	}
	if got := serve("list", ""); got.exit != 0 || got.out != "{}\n" {
		t.Errorf("list in an unsafe directory = %+v, want {}", got)
	}
}

// failingSource is a Source whose error wraps another.
type failingSource struct{ err error }

func (f failingSource) Token(context.Context, registry.Registry) (credentials.Token, error) {
	return credentials.Token{}, fmt.Errorf("%s: the API failed; try again: %w", host, f.err)
}

// An error of the Source is shown unchanged, even if it wraps an error that a parser of the input could return.
func TestErrorsOfTheSourceAreNotOfTheInput(t *testing.T) {
	syntax, kind := json.Unmarshal([]byte("x"), new(int)), json.Unmarshal([]byte(`"x"`), new(int))
	for _, cause := range []error{io.EOF, io.ErrUnexpectedEOF, syntax, kind, bufio.ErrTooLong, errors.New("other")} {
		for _, serverURL := range []string{host, "https://" + host + "/v2/"} {
			var out, errOut bytes.Buffer
			exit := (&docker.Helper{Source: failingSource{cause}}).Serve("get", strings.NewReader(serverURL), &out, &errOut)
			line := host + ": the API failed; try again: " + cause.Error() + "\n"
			if got, want := (outcome{out.String(), errOut.String(), exit}), (outcome{line, line, 1}); got != want {
				t.Errorf("%T: got %+v\nwant %+v", cause, got, want)
			}
		}
	}
}
