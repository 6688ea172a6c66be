package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

const (
	dockerHelper = "docker-credential-ecr-login"
	provider     = "ecr-credential-provider"

	ecrHost   = awstest.Account + ".dkr.ecr.us-west-2.amazonaws.com"
	otherHost = awstest.Account + ".dkr.ecr.eu-west-1.amazonaws.com"
	aliasRule = "registries:\n- match: docker.example.com:5000\n  registry: " + ecrHost + "\n"
)

// A user is a home directory and an environment in which the programs run.
type user struct {
	t     *testing.T
	home  string
	cloud *awstest.Server
	env   []string
}

func newUser(t *testing.T, cloud *awstest.Server, configuration string) *user {
	t.Helper()
	u := &user{t: t, home: t.TempDir(), cloud: cloud}
	u.env = []string{
		"PATH=" + os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0", "SYSTEMROOT=" + os.Getenv("SYSTEMROOT"),
		"HOME=" + u.home, "USERPROFILE=" + u.home, "AWS_ECR_CACHE_DIR=", "XDG_CACHE_HOME=" + u.path("cache"),
		"ECR_LOGIN_CONFIG=" + u.path("config.yaml"), "LocalAppData=" + u.path("cache"),
		"AWS_ACCESS_KEY_ID=" + awstest.KeyID, "AWS_SECRET_ACCESS_KEY=" + awstest.SecretKey,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CA_BUNDLE=" + cloud.CAFile, "HTTPS_PROXY=" + cloud.Proxy,
	}
	u.configure(configuration)
	return u
}

func (u *user) path(name string) string { return filepath.Join(u.home, name) }

// configure replaces the configuration. The word HOME is the home directory.
func (u *user) configure(configuration string) {
	u.t.Helper()
	text := strings.ReplaceAll(configuration, "HOME", u.home)
	if err := os.WriteFile(u.path("config.yaml"), []byte(text), 0o600); err != nil {
		u.t.Fatal(err)
	}
}

// An answer is what a program printed.
type answer struct {
	stdout, stderr string
	exit           int
	fast           bool // whether the program exited before the packages of the slow path were initialized
}

// run runs a command line. The word HOME in its arguments is the home directory.
func (u *user) run(command []string, stdin string, env ...string) (a answer) {
	u.t.Helper()
	args := slices.Clone(command[1:])
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "HOME", u.home)
	}
	for i := range env {
		env[i] = strings.ReplaceAll(env[i], "HOME", u.home)
	}
	cmd := exec.Command(command[0], args...)
	cmd.Env = slices.Concat(u.env, env, []string{"GODEBUG=inittrace=1"})
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		u.t.Fatal(err)
	}
	a = answer{stdout: stdout.String(), exit: cmd.ProcessState.ExitCode(), fast: true}
	for line := range strings.Lines(stderr.String()) {
		if !strings.HasPrefix(line, "init ") {
			a.stderr += line
		}
		a.fast = a.fast && !strings.HasPrefix(line, "init net/http @")
	}
	return a
}

// get runs a get of a client.
func (u *user) get(host string, env ...string) answer {
	u.t.Helper()
	return u.run([]string{dockerHelper, "get"}, host, env...)
}

// password returns the password in an answer.
func (a answer) password(t *testing.T) string {
	t.Helper()
	_, rest, ok := strings.Cut(a.stdout, `"Secret":"`)
	password, _, _ := strings.Cut(rest, `"`)
	if !ok || a.exit != 0 {
		t.Fatalf("no password: exit code %d, %s", a.exit, a.stderr)
	}
	return password
}

func startCloud(t *testing.T) *awstest.Server {
	t.Helper()
	if "net/http" < "ecrlogin" {
		t.Skip("the path of the module sorts after net/http; see docs/library.md")
	}
	return awstest.New(t)
}

// kubeletRequest returns a request as the kubelet sends it. Source: k8s.io/kubernetes/pkg/credentialprovider/plugin,
// 1.26 to 1.36
func kubeletRequest(version, image string) string {
	return `{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/` + version +
		`","image":"` + image + `"}` + "\n"
}

// insert adds a field to a request.
func insert(request, field string) string { return strings.Replace(request, "}", ","+field+"}", 1) }

type fastPathTest struct {
	name          string
	configuration string
	command       []string
	stdin         string
	env           []string
	fast          bool // whether the second request takes the fast path
}

func clientTests() []fastPathTest {
	get := []string{dockerHelper, "get"}
	return []fastPathTest{
		{name: "no rule", stdin: ecrHost, fast: true},
		{name: "rules", configuration: "registries: []", stdin: ecrHost, fast: true},
		{name: "the word cache in a comment", configuration: "# the cache\n", stdin: ecrHost, fast: true},
		{name: "the word timeout in a comment", configuration: "# the timeout\n", stdin: ecrHost, fast: true},
		{name: "cache directory", configuration: "cache: {dir: HOME/elsewhere}", stdin: ecrHost, fast: true},
		{name: "cache directory in HOME", configuration: "cache: {dir: ~/elsewhere}", stdin: ecrHost, fast: true},
		{name: "cache directory and variable", configuration: "cache: {dir: HOME/elsewhere}", stdin: ecrHost,
			env: []string{"AWS_ECR_CACHE_DIR=HOME/variable"}, fast: true},
		{name: "variables", configuration: "cache: {variables: [TEAM_*, ROLE]}",
			stdin: ecrHost, env: []string{"TEAM_A=1", "ROLE=2"}, fast: true},
		{name: "timeout", configuration: "timeout: 20s", stdin: ecrHost, fast: true},
		{name: "timeout and variable", configuration: "timeout: 20s",
			stdin: ecrHost, env: []string{"ECR_LOGIN_TIMEOUT=30s"}, fast: true},
		{name: "escapes", configuration: `"\x63ache": {"d\x69r": HOME/elsewhere}`, stdin: ecrHost, fast: true},
		{name: "cache settings and a URL", configuration: "timeout: 20s",
			stdin: "https://" + strings.ToUpper(ecrHost) + "/v2/\n", fast: true},
		{name: "alias", configuration: aliasRule, stdin: "docker.example.com:5000", fast: true},
		{name: "alias in a URL", configuration: aliasRule,
			stdin: " https://Docker.Example.com:5000/v2/ \n", fast: true},
		{name: "alias with all settings", configuration: aliasRule + "timeout: 1m\ncache: {dir: HOME/elsewhere, variables: [ROLE]}",
			stdin: "docker.example.com:5000", env: []string{"ROLE=1"}, fast: true},
		{name: "alias by pattern", configuration: "registries:\n- match: '*.example.com'\n  registry: " + ecrHost,
			stdin: "a.example.com", fast: true},
		{name: "escaped alias", configuration: `registries: [{match: "docker.ex\x61mple.com", registry: ` + ecrHost + `}]`,
			stdin: "docker.example.com"},
		{name: "another port", configuration: aliasRule, stdin: "docker.example.com"},
		{name: "http alias", configuration: aliasRule, stdin: "http://docker.example.com:5000"},
		{name: "http", configuration: aliasRule, stdin: "http://" + ecrHost},
		{name: "user information", configuration: aliasRule, stdin: "docker.example.com:5000@other.example.com"},
		{name: "fallback", configuration: aliasRule + "fallback: file", stdin: "other.example.com"},
		{name: "two lines", configuration: aliasRule, stdin: "docker.example.com:5000\nother.example.com"},
		{name: "invalid configuration", configuration: "cache: [", stdin: ecrHost},
		{name: "kubelet's request", command: get, stdin: kubeletRequest("v1", ecrHost+"/app")},
	}
}

func kubeletTests() []fastPathTest {
	request := kubeletRequest("v1", ecrHost+"/app")
	hub := "registries: [{match: docker.io, registry: " + ecrHost + "}]\n"
	named := []string{provider, "get-credentials", "--config=HOME/config.yaml", "--role-arn=arn:aws:iam::123456789012:role/pull"}
	return []fastPathTest{
		{name: "v1", stdin: request, fast: true},
		{name: "v1beta1", stdin: kubeletRequest("v1beta1", ecrHost+"/app"), fast: true},
		{name: "v1alpha1", stdin: kubeletRequest("v1alpha1", ecrHost+"/app"), fast: true},
		{name: "white space", stdin: "\n " + strings.ReplaceAll(request, ",", " ,\r\n\t") + " ", fast: true},
		{name: "image with a tag", stdin: kubeletRequest("v1", ecrHost+":443/team/app:1@sha256:0"), fast: true},
		{name: "action", command: []string{provider, "get-credentials"}, stdin: request, fast: true},
		{name: "flags", command: named, stdin: request, fast: true},
		{name: "flags and settings", command: named, configuration: hub + "timeout: 30s\ncache: {dir: HOME/elsewhere}",
			stdin: request, fast: true},
		{name: "flag instead of the variable", command: []string{provider, "--config=" + os.DevNull}, configuration: "cache: [",
			stdin: request, fast: true},
		{name: "alias", configuration: hub, stdin: kubeletRequest("v1", "docker.io/library/busybox"), fast: true},
		{name: "alias without a host", configuration: hub, stdin: kubeletRequest("v1", "busybox"), fast: true},
		{name: "alias with a port", configuration: aliasRule,
			stdin: kubeletRequest("v1beta1", "docker.example.com:5000/app"), fast: true},
		{name: "helper", command: []string{dockerHelper, "kubelet"}, stdin: request, fast: true},
		{name: "helper with flags", command: slices.Concat([]string{dockerHelper, "kubelet"}, named[1:]),
			stdin: request, fast: true},

		{name: "separate value", command: []string{provider, "--config", "HOME/config.yaml"}, stdin: request},
		{name: "missing configuration", command: []string{provider, "--config=HOME/none"}, stdin: request},
		{name: "repeated flag", command: []string{provider, "--config=HOME/none", "--config=HOME/config.yaml"},
			stdin: request},
		{name: "unknown argument", command: []string{provider, "get"}, stdin: request},
		{name: "unknown flag", command: []string{provider, "--verbose=1"}, stdin: request},
		{name: "version", command: []string{provider, "--version"}, stdin: request},
		{name: "empty token", stdin: insert(request, `"serviceAccountToken":""`)},
		{name: "token", stdin: insert(request, `"serviceAccountToken":"a.b.c"`)},
		{name: "token and role", stdin: insert(request, `"serviceAccountToken":"a.b.c"`), command: named},
		{name: "annotations", stdin: insert(request, `"serviceAccountAnnotations":{"a":"b"}`)},
		{name: "unknown field", stdin: insert(request, `"new":1`)},
		{name: "duplicate", stdin: insert(request, `"image":"`+otherHost+`/app"`)},
		{name: "duplicate in another case", stdin: insert(request, `"Image":"`+otherHost+`/app"`)},
		{name: "escapes", stdin: strings.Replace(request, "/app", `\/\u0061pp`, 1)},
		{name: "other characters", stdin: strings.Replace(request, "/app", "/\u00e9", 1)},
		{name: "another type", stdin: strings.Replace(request, `"`+ecrHost+`/app"`, "1", 1)},
		{name: "null", stdin: strings.Replace(request, `"`+ecrHost+`/app"`, "null", 1)},
		{name: "another kind", stdin: strings.Replace(request, "Request", "Response", 1)},
		{name: "unknown version", stdin: kubeletRequest("v2", ecrHost+"/app")},
		{name: "not JSON", stdin: request + "x"},
		{name: "a host", stdin: ecrHost},
		{name: "empty", stdin: ""},
		{name: "longer than the buffer", stdin: kubeletRequest("v1", ecrHost+"/"+strings.Repeat("a", 5000))},
		{name: "white space longer than the buffer", stdin: request + strings.Repeat(" ", 5000)},
		{name: "not ECR", stdin: kubeletRequest("v1", "other.example.com/app")},
		{name: "neighbor of an alias", configuration: aliasRule, stdin: kubeletRequest("v1", "docker.example.com/app")},
	}
}

// The fast path and the slow path, which a log requires, print the same. If a request does not take the fast path, the
// result is that of the slow path.
func TestFastPath(t *testing.T) {
	cloud := startCloud(t)
	for command, tests := range map[string][]fastPathTest{dockerHelper + " get": clientTests(), provider: kubeletTests()} {
		for _, tt := range tests {
			if tt.command == nil {
				tt.command = strings.Fields(command)
			}
			t.Run(command+" "+tt.name, func(t *testing.T) {
				t.Parallel()
				u := newUser(t, cloud, tt.configuration)
				first := u.run(tt.command, tt.stdin, slices.Clone(tt.env)...)
				if first.fast {
					t.Error("the first request took the fast path")
				}
				u.compare(tt)
			})
		}
	}
}

// compare fails unless the fast and the slow path print the same.
func (u *user) compare(tt fastPathTest) {
	u.t.Helper()
	// A token must come from the cache.
	began := time.Now()
	fast := u.run(tt.command, tt.stdin, append(slices.Clone(tt.env), "HTTPS_PROXY=http://127.0.0.1:1")...)
	slow := u.run(tt.command, tt.stdin, append(slices.Clone(tt.env), "HTTPS_PROXY=http://127.0.0.1:1", "ECR_LOGIN_LOG=debug")...)
	want := slow.stdout
	if left := cacheDuration(u.t, fast) - cacheDuration(u.t, slow); left != 0 && left <= time.Since(began)+time.Second {
		want = strings.Replace(want, cacheDuration(u.t, slow).String(), cacheDuration(u.t, fast).String(), 1)
	}
	if fast.stdout != want || fast.exit != slow.exit || slow.fast {
		u.t.Errorf("fast: exit code %d, %q\nslow: exit code %d, %q", fast.exit, fast.stdout, slow.exit, slow.stdout)
	}
	if fast.fast != tt.fast {
		u.t.Errorf("fast: %v, want %v", fast.fast, tt.fast)
	}
	if tt.fast && (fast.exit != 0 || fast.stderr != "" || !strings.Contains(fast.stdout, `":"eyJ`)) {
		u.t.Errorf("exit code %d, %q, %q", fast.exit, fast.stdout, fast.stderr)
	}
}

// cacheDuration returns how long the kubelet may cache an answer, which is shorter in a later answer.
func cacheDuration(t *testing.T, a answer) time.Duration {
	t.Helper()
	_, rest, ok := strings.Cut(a.stdout, `"cacheDuration":"`)
	if !ok {
		return 0
	}
	text, _, _ := strings.Cut(rest, `"`)
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
