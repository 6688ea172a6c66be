package main

import (
	"flag"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
	"ecrlogin/internal/leaktest"
)

// leakIdentities are the sources of an AWS identity, each with its secrets.
var leakIdentities = map[string]func(m *leakMachine){
	"session in variables": func(m *leakMachine) {
		m.env["AWS_ACCESS_KEY_ID"], m.env["AWS_SECRET_ACCESS_KEY"], m.env["AWS_SESSION_TOKEN"] = leakSession.ID, leakSession.Secret, leakSession.Session
	},
	"role of a profile, fallback file": func(m *leakMachine) {
		m.env["AWS_PROFILE"] = "dev"
		m.write("home/.aws/credentials", "[base]\naws_access_key_id = "+awstest.KeyID+"\naws_secret_access_key = "+awstest.SecretKey+"\n")
		m.write("home/.aws/config", "[profile dev]\nrole_arn = "+leakRole+"\nsource_profile = base\n")
		m.configure("fallback: file\n")
	},
	"web identity": func(m *leakMachine) {
		m.env["AWS_ROLE_ARN"], m.env["AWS_WEB_IDENTITY_TOKEN_FILE"] = leakRole, m.write("token", awstest.WebIdentityToken)
	},
	"SSO": func(m *leakMachine) {
		m.env["AWS_PROFILE"] = "dev"
		m.write("home/.aws/config", "[profile dev]\nsso_session = corp\nsso_account_id = 210987654321\nsso_role_name = pull\n"+
			"[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.test/start\n")
		if err := m.cloud.WriteSSOCache(m.home, "corp", time.Now().Add(time.Minute)); err != nil { // refreshed by the SDK
			m.t.Fatal(err)
		}
	},
	"credential_process, tokens in a keychain": func(m *leakMachine) {
		program := m.program("process", `echo '{"Version":1,"AccessKeyId":"`+leakSession.ID+`","SecretAccessKey":"`+leakSession.Secret+`","SessionToken":"`+leakSession.Session+`"}'`)
		m.env["AWS_PROFILE"] = "dev"
		m.write("home/.aws/config", "[profile dev]\ncredential_process = "+program+"\n")
		m.configure("fallback: leaktest\ncache: {store: leaktest}\n")
	},
	"container": func(m *leakMachine) {
		m.cloud.SetContainerToken(m.secrets["container token"])
		m.env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = m.cloud.URL + "/container"
		m.env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = m.secrets["container token"]
	},
}

// leakFailures are the failures in which each command is run.
var leakFailures = map[string]func(m *leakMachine){
	"none":   func(*leakMachine) {},
	"denied": func(m *leakMachine) { m.cloud.Inject(awstest.Fault{Type: "AccessDeniedException", EchoRequest: true}) },
	"signature": func(m *leakMachine) {
		m.cloud.Inject(awstest.Fault{Type: "InvalidSignatureException", EchoRequest: true})
	},
	"unknown code": func(m *leakMachine) {
		m.cloud.Inject(awstest.Fault{Type: "TeapotException", EchoRequest: true, Status: 418})
	},
	"throttled": func(m *leakMachine) { m.cloud.Inject(awstest.Fault{Type: "ThrottlingException", EchoRequest: true}) },
	"timeout":   func(m *leakMachine) { m.cloud.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Hang: true}) },
	"captive portal": func(m *leakMachine) {
		m.cloud.Inject(awstest.Fault{Body: "<html><title>Log in</title>", ContentType: "text/html", EchoRequest: true})
	},
	"portal with status 403": func(m *leakMachine) {
		m.cloud.Inject(awstest.Fault{Status: 403, Body: "<html><title>Log in</title>", ContentType: "text/html", EchoRequest: true})
	},
	"truncated response": func(m *leakMachine) { m.cloud.Inject(awstest.Fault{Truncate: true}) },
	"invalid response": func(m *leakMachine) {
		secret := secretText("invalid-response")
		m.secrets["part of a response"] = secret
		m.cloud.Inject(awstest.Fault{ContentType: "application/x-amz-json-1.1", Body: `{"authorizationData":[{"authorizationToken":"` + basic("", secret) +
			secret + `","expiresAt":"` + secret + `"}],"` + secret + `":"` + secret + `"}`})
	},
	"proxy refuses": func(m *leakMachine) {
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Proxy-Authenticate", r.Header.Get("Proxy-Authorization"))
			w.WriteHeader(http.StatusProxyAuthRequired)
			_, _ = io.WriteString(w, r.Header.Get("Proxy-Authorization"))
		}))
		m.t.Cleanup(proxy.Close)
		m.env["HTTPS_PROXY"] = strings.Replace(m.env["HTTPS_PROXY"], m.cloud.Proxy[len("http://"):], proxy.Listener.Addr().String(), 1)
	},
	"proxy is not a URL": func(m *leakMachine) {
		m.env["HTTPS_PROXY"] = "http://me:" + m.secrets["proxy password"] + "@127.0.0.1:x"
	},
	"broken files":   breakFiles,
	"read-only disk": readOnly,
	"failing programs": func(m *leakMachine) {
		m.helper("leaktest", `case "$1" in get) cat >/dev/null; echo '{"Secret":"`+m.secrets[otherPassword]+`"}' ;; *) cat ;; esac; exit 1`)
		m.program("process", `echo '{"Version":1,"SecretAccessKey":"`+leakSession.Secret+`"'; exit 1`)
	},
	"programs with invalid output": func(m *leakMachine) {
		m.helper("leaktest", `case "$1" in get) cat >/dev/null; echo 'x{"Secret":"`+m.secrets[otherPassword]+`"}' ;; *) cat ;; esac`)
		m.program("process", `echo '{"Version":2,"SecretAccessKey":["`+leakSession.Secret+`"'`)
	},
}

// breakFiles damages every file of the user that contains secrets: a line is cut, so that what follows is invalid.
func breakFiles(m *leakMachine) {
	for _, name := range []string{".aws/config", ".aws/credentials", ".docker/config.json", ".config/containers/auth.json"} {
		if content, err := os.ReadFile(filepath.Join(m.home, name)); err == nil {
			m.write("home/"+name, string(content[:len(content)-3])+"\n\x00["+m.secrets["text in a broken file"]+"\n")
		}
	}
	caches, _ := filepath.Glob(filepath.Join(m.home, ".aws/sso/cache/*.json"))
	for _, path := range caches {
		content, err := os.ReadFile(path)
		if err != nil {
			m.t.Fatal(err)
		}
		m.write(strings.TrimPrefix(path, m.work), strings.Replace(string(content), `"expiresAt":"`, `"expiresAt":"`+m.secrets["text in a broken file"], 1))
	}
	m.write("home/.docker/ecr-login-auths.json", `{"auths":{"`+leakOther+`":{"auth":"`+basic("me", m.secrets[otherPassword])+`"}},`)
	if _, ok := m.env["AWS_WEB_IDENTITY_TOKEN_FILE"]; ok {
		m.write("token", "\x00"+awstest.WebIdentityToken[:40]+"\n")
	}
}

// readOnly makes the directories of the user read-only, also for root.
func readOnly(m *leakMachine) {
	m.env["AWS_ECR_CACHE_DIR"] = "/proc/self/cache"
	m.env["DOCKER_CONFIG"], m.env["REGISTRY_AUTH_FILE"] = "/proc/self", "/proc/self/auth.json"
	m.replace["WORK"] = "/proc/self"
}

var allLeaks = flag.Bool("all-leaks", false, "run TestLeaks with every command, identity and failure, which takes minutes")

// TestLeaks runs the program with every source of an identity in every failure, with the debug log. It searches the
// output, the files that were written, and the arguments and environments of child processes for secrets. Commands
// that do not call AWS run with one identity and some failures only, unless -all-leaks is set.
func TestLeaks(t *testing.T) {
	program := buildProgram(t)
	for identity, setIdentity := range leakIdentities {
		for failure, fail := range leakFailures {
			every := identity == "session in variables" && slices.Contains([]string{"none", "denied", "broken files", "read-only disk"}, failure)
			slow := slices.Contains([]string{"timeout", "throttled"}, failure)
			if !*allLeaks && slow && identity != "web identity" {
				continue
			}
			t.Run(identity+"/"+failure, func(t *testing.T) {
				t.Parallel()
				m := newLeakMachine(t, program)
				setIdentity(m)
				fail(m)
				if failure == "none" {
					m.checkWorks()
				}
				m.checkCommands(*allLeaks || every)
				m.checkChildren()
			})
		}
	}
}

// checkWorks fails unless AWS and the fallback return passwords, and child processes are recorded.
func (m *leakMachine) checkWorks() {
	m.t.Helper()
	if stdout, stderr := m.run("get", invocation{"", leakHost, ecrPassword}); !strings.Contains(stdout, `"Username":"AWS"`) {
		m.t.Errorf("get failed: %s%s", stdout, stderr)
	}
	if stdout, stderr := m.run("get", invocation{"", leakOther, otherPassword}); strings.Contains(m.t.Name(), "fallback_file") {
		return // nothing is stored in it yet, and it is not a program
	} else if !strings.Contains(stdout, m.secrets[otherPassword]) {
		m.t.Errorf("get of the fallback failed: %s%s", stdout, stderr)
	}
	if len(leaktest.Files(m.t, m.work)[filepath.Join(m.work, "children.cmdline")]) == 0 {
		m.t.Error("no child process was recorded")
	}
}

// checkCommands checks every invocation of every command, or the main ones of those that call AWS.
func (m *leakMachine) checkCommands(every bool) {
	m.t.Helper()
	main := map[string][]int{"get": {0, 2}, "kubelet": {1}, "password": {0}, "doctor": {2}, "store": {0, 2}, "list": {0}}
	for _, command := range slices.Sorted(maps.Keys(invocations)) {
		for n, i := range invocations[command] {
			if every || slices.Contains(main[command], n) {
				m.check(command, i)
			}
		}
		if command == "get" || command == "kubelet" {
			m.check(command, invocations[command][0], "ECR_LOGIN_LOG=") // the fast path
		}
	}
}

// check runs an invocation, and searches its output and the files that it wrote for secrets.
func (m *leakMachine) check(command string, i invocation, env ...string) {
	m.t.Helper()
	before := leaktest.Files(m.t, m.work, "bin")
	stdout, stderr := m.run(command, i, env...)
	what := command + " " + i.args + " <<< " + i.input
	secrets := m.all()
	secrets.Check(m.t, what+": standard error", stderr)
	shown := secrets
	switch i.shows {
	case "":
	case ecrPassword:
		shown = shown.Without(i.shows, loginPassword) // which replaces that of AWS
	default:
		shown = shown.Without(i.shows)
	}
	shown.Check(m.t, what+": standard output", stdout)
	for path, content := range leaktest.Files(m.t, m.work, "bin").Changed(before) {
		name := strings.TrimPrefix(path, m.work+"/")
		secrets.Check(m.t, what+": name of a file", name)
		if strings.HasPrefix(name, "children.") {
			continue
		}
		found := secrets.Without(mayContain(name)...).In(content)
		if found != nil {
			m.t.Errorf("%s: %s contains %q", what, name, found)
		}
		info, err := os.Lstat(path)
		if err == nil && info.Mode().Perm()&0o077 != 0 && secrets.In(content) != nil {
			m.t.Errorf("%s: %s has secrets and mode %v", what, name, info.Mode())
		}
	}
}

// mayContain returns the names of the secrets that a file may contain.
func mayContain(name string) []string {
	switch base := filepath.Base(name); {
	case strings.HasSuffix(base, ".token"):
		return []string{ecrPassword, loginPassword}
	case name == "out/password", name == "missing/password":
		return []string{ecrPassword, loginPassword}
	case base == "ecr-login-auths.json":
		return []string{typedPassword, otherPassword, "password in a URL"} // the key is the URL that the client sent
	case strings.HasPrefix(base, "config.json"), strings.HasPrefix(base, "auth.json"), strings.Contains(name, "/ecr-login/undo/"):
		return []string{dockerAuth, "identity token in config.json"} // which were there before
	}
	return nil
}

// checkChildren searches what child processes recorded. They have the environment of the user, and no other secrets.
func (m *leakMachine) checkChildren() {
	m.t.Helper()
	secrets := m.all()
	for name, value := range secrets {
		for _, own := range m.env {
			if strings.Contains(own, value) || strings.Contains(own, escapeUser(value)) {
				secrets = secrets.Without(name)
			}
		}
	}
	for _, name := range []string{"children.cmdline", "children.environ"} {
		content, _ := os.ReadFile(filepath.Join(m.work, name)) // missing without children
		secrets := secrets
		if name == "children.cmdline" {
			secrets = m.all()
		}
		secrets.Check(m.t, name, string(content))
	}
}
