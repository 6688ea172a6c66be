package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecrlogin/internal/awstest"
	"ecrlogin/internal/leaktest"
	"ecrlogin/internal/refreshcli"
)

// leakCommands are the arguments of each command of the program. "" is the program itself; with "daemon" it is stopped
// after its pages have shown an error.
var leakCommands = map[string][]string{
	"":             {"--once --log-level=debug", "--once", "--dry-run --log-level=debug", "daemon --log-level=debug --log-format=text"},
	"check-config": {"$WORK/config.yaml", "$WORK/kubeconfig"},
	"version":      {"", "--json"},
	"help":         {"check-config"},

	"completion bash": {""}, "completion fish": {""}, "completion powershell": {""}, "completion zsh": {""},
}

// TestLeaksOfEveryCommand checks that TestLeaks runs every command.
func TestLeaksOfEveryCommand(t *testing.T) {
	root := new(refreshcli.Program).Root()
	all := []string{""}
	var add func(cmd *cobra.Command)
	add = func(cmd *cobra.Command) {
		for _, c := range cmd.Commands() {
			if c.Runnable() && !c.HasSubCommands() {
				all = append(all, strings.TrimPrefix(c.CommandPath(), root.Name()+" "))
			}
			add(c)
		}
	}
	add(root)
	for _, name := range all {
		if len(leakCommands[name]) == 0 {
			t.Errorf("TestLeaks does not run the command %q", name)
		}
	}
	for name := range leakCommands {
		if !slices.Contains(all, name) {
			t.Errorf("TestLeaks runs %q, which is not a command", name)
		}
	}
}

// leakFailures are the failures in which each command is run. The handler is the API server; nil for a regular one.
var leakFailures = map[string]struct {
	fail      func(m *leakMachine)
	apiServer http.HandlerFunc
}{
	"none":           {},
	"AWS denies":     {fail: fault(awstest.Fault{Type: "AccessDeniedException", EchoRequest: true})},
	"signature":      {fail: fault(awstest.Fault{Type: "InvalidSignatureException", EchoRequest: true})},
	"captive portal": {fail: fault(awstest.Fault{Body: "<html><title>Log in</title>", ContentType: "text/html", EchoRequest: true})},
	"truncated":      {fail: fault(awstest.Fault{Truncate: true})},
	"proxy": {fail: func(m *leakMachine) {
		m.env["HTTPS_PROXY"] = "http://me:" + m.secrets["proxy password"] + "@127.0.0.1:x"
	}},
	"broken files": {fail: func(m *leakMachine) {
		m.write("kubeconfig", "apiVersion: v1\nkind: Config\nusers: [{name: u, user: {token: ["+m.secrets["token of the API server"]+"]}}]\n")
		m.write("docker/config.json", `{"auths":{"ghcr.io":{"auth":"`+m.secrets["password in config.json"]+`"},`)
		m.write("home/.aws/credentials", "[default]\naws_secret_access_key = "+awstest.SecretKey+"\n\x00[")
	}},
	"no directory":                {fail: func(m *leakMachine) { _ = os.RemoveAll(filepath.Join(m.work, "passwords")) }},
	"API server denies":           {apiServer: repeat(http.StatusForbidden, metav1.StatusReasonForbidden, 0)},
	"webhook rejects":             {apiServer: repeat(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, 0)},
	"webhook repeats a part":      {apiServer: repeat(http.StatusBadRequest, metav1.StatusReasonBadRequest, 300)},
	"token rejected":              {apiServer: repeat(http.StatusUnauthorized, metav1.StatusReasonUnauthorized, 0)},
	"conflict":                    {apiServer: repeat(http.StatusConflict, metav1.StatusReasonConflict, 0)},
	"API server fails":            {apiServer: repeat(http.StatusInternalServerError, metav1.StatusReasonInternalError, 0)},
	"API server returns a page":   {apiServer: page(http.StatusForbidden)},
	"API server returns 502":      {apiServer: page(http.StatusBadGateway)},
	"API server returns 200":      {apiServer: page(http.StatusOK)},
	"API server throttles":        {apiServer: repeat(http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests, 0)},
	"warning repeats the request": {apiServer: warn},
}

func fault(f awstest.Fault) func(m *leakMachine) {
	return func(m *leakMachine) { m.cloud.Inject(f) }
}

// echo returns the headers and the body of a request.
func echo(r *http.Request) string {
	var text strings.Builder
	_ = r.Header.Write(&text)
	_, _ = io.Copy(&text, r.Body)
	return text.String()
}

// repeat returns an API server whose message about each Secret repeats the request, or length bytes in the middle of a
// password in it.
func repeat(code int, reason metav1.StatusReason, length int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.Path, "/secrets") && length > 0 {
			new(cluster).ServeHTTP(w, r)
			return
		}
		text := echo(r)
		if start := strings.Index(text, "dockerconfigjson\":\""); length > 0 && start >= 0 {
			text = text[start+300:]
			text = text[:min(length, len(text))]
		}
		if !strings.Contains(r.URL.Path, "/secrets") && code != http.StatusUnauthorized {
			new(cluster).ServeHTTP(w, r)
			return
		}
		w.Header().Set("Retry-After", "1")
		fail(w, code, reason, "admission webhook denied the request: "+text)
	}
}

func page(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text := echo(r)
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "<html>"+text)
	}
}

// warn is an API server that repeats a request as a warning, which client-go logs.
func warn(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	w.Header().Set("Warning", `299 - `+strconv.Quote(r.Header.Get("Authorization")+" "+base64.StdEncoding.EncodeToString(body)))
	new(cluster).ServeHTTP(w, r)
}

// A leakMachine is a directory with a configuration, and stand-ins for AWS and for a cluster.
type leakMachine struct {
	t       *testing.T
	binary  string
	cloud   *awstest.Server
	work    string
	env     map[string]string
	secrets leaktest.Secrets
}

func secretText(name string) string {
	sum := sha256.Sum256([]byte(name))
	return base64.StdEncoding.EncodeToString(sum[:16]) + "/+" + base64.RawStdEncoding.EncodeToString(sum[16:])
}

func newLeakMachine(t *testing.T, binary string, apiServer http.HandlerFunc) *leakMachine {
	t.Helper()
	m := &leakMachine{t: t, binary: binary, cloud: awstest.New(t), work: t.TempDir()}
	var handler http.Handler = new(cluster)
	if apiServer != nil {
		handler = apiServer
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	session := awstest.Key{ID: "ASIALEAKTEST00000000", Secret: secretText("key"), Session: strings.Repeat(secretText("session"), 5), Account: awstest.Account}
	m.cloud.AddKey(session)
	m.secrets = leaktest.Secrets{
		"session's key": session.Secret, "session token": session.Session, "secret access key": awstest.SecretKey,
		"token of the API server": secretText("apiserver"), "password in config.json": secretText("config.json"),
		"proxy password": secretText("proxy"),
	}
	escape := strings.NewReplacer("/", "%2F", "+", "%2B").Replace
	m.env = map[string]string{
		"HOME": filepath.Join(m.work, "home"), "PATH": os.Getenv("PATH"), "KUBECONFIG": filepath.Join(m.work, "kubeconfig"),
		"AWS_ACCESS_KEY_ID": session.ID, "AWS_SECRET_ACCESS_KEY": session.Secret, "AWS_SESSION_TOKEN": session.Session,
		"AWS_CA_BUNDLE": m.cloud.CAFile, "AWS_EC2_METADATA_DISABLED": "true",
		"HTTPS_PROXY": strings.Replace(m.cloud.Proxy, "http://", "http://me:"+escape(m.secrets["proxy password"])+"@", 1),
	}
	m.write("kubeconfig", fmt.Sprintf("apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: %q}}]\n"+
		"users: [{name: u, user: {token: %q}}]\ncontexts: [{name: c, context: {cluster: c, user: u}}]\ncurrent-context: c\n",
		server.URL, m.secrets["token of the API server"]))
	m.write("docker/config.json", `{"auths":{"ghcr.io":{"auth":"`+m.secrets["password in config.json"]+`"}}}`)
	m.write("passwords/other", "")
	const registry = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	m.write("config.yaml", "interval: 1s\nlisten: "+must(unusedAddress())+"\nregistries:\n"+
		"- {registry: "+registry+", passwordFile: "+m.work+"/passwords/ecr}\n- {registry: "+registry+", dockerConfig: "+m.work+"/docker/config.json}\n"+
		"kubernetes:\n  lease: {disabled: true}\n  secrets:\n"+
		"  - {name: regcred, namespaces: [team-a], registries: ["+registry+"]}\n"+
		"  - {name: plain, namespaces: [team-a, team-b], registries: ["+registry+"], template: {type: Opaque, data: {password: \"${password}\"}}}\n")
	return m
}

func must(address string, err error) string {
	if err != nil {
		panic(err)
	}
	return address
}

func (m *leakMachine) write(name, content string) {
	m.t.Helper()
	path := filepath.Join(m.work, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// TestLeaks runs every command in every failure of AWS, of the API server and of files, and searches the output, the
// HTTP pages, and the files that were written for secrets.
func TestLeaks(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "ecr-token-refresh")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for name, failure := range leakFailures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newLeakMachine(t, binary, failure.apiServer)
			if failure.fail != nil {
				failure.fail(m)
			}
			for command, all := range leakCommands {
				for _, args := range all {
					m.check(command, args)
				}
			}
			if _, err := os.Stat(filepath.Join(m.work, "passwords/ecr")); name == "none" && err != nil {
				t.Error(err)
			}
		})
	}
}

func (m *leakMachine) check(command, args string) {
	m.t.Helper()
	before := leaktest.Files(m.t, m.work)
	output := m.run(strings.Fields(command + " " + strings.ReplaceAll(args, "$WORK", m.work)))
	secrets := m.secrets
	for i, p := range m.cloud.Passwords() {
		secrets = secrets.With("ECR password "+strconv.Itoa(i), p[20:len(p)-120])
	}
	secrets.Check(m.t, "the output of "+command+" "+args, output)
	for path, content := range leaktest.Files(m.t, m.work).Changed(before) {
		allowed := "none"
		switch strings.TrimPrefix(path, m.work+"/") {
		case "passwords/ecr":
			allowed = "ECR password"
		case "docker/config.json":
			secrets, allowed = secrets.Without("password in config.json"), "ECR password" // which was there before
		}
		if found := secrets.Without(allowed).In(content); found != nil {
			m.t.Errorf("%s %s: %s contains %q", command, args, path, found)
		}
		if info, err := os.Lstat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
			m.t.Errorf("%s %s: %s has mode %v", command, args, path, info.Mode())
		}
	}
}

// run runs the program and returns its output, and that of its HTTP pages.
func (m *leakMachine) run(args []string) string {
	m.t.Helper()
	daemon := len(args) > 0 && args[0] == "daemon"
	if daemon {
		args = args[1:]
	}
	if len(args) > 0 && strings.HasPrefix(args[0], "--") {
		args = append(args, "--config="+m.work+"/config.yaml")
	}
	cmd := exec.CommandContext(m.t.Context(), m.binary, args...)
	for name, value := range m.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	pages := ""
	if daemon {
		pages = m.pages()
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			m.t.Error(err)
		}
	} else {
		limit := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
		defer limit.Stop()
	}
	_ = cmd.Wait() // most commands fail
	return output.String() + pages
}

// pages returns the HTTP pages after each target was applied or has failed, or after a few seconds, because some
// failures end the program or last longer.
func (m *leakMachine) pages() (all string) {
	m.t.Helper()
	config, err := os.ReadFile(filepath.Join(m.work, "config.yaml"))
	if err != nil {
		m.t.Fatal(err)
	}
	_, address, _ := strings.Cut(string(config), "listen: ")
	address, _, _ = strings.Cut(address, "\n")
	deadline := time.Now().Add(3 * time.Second)
	for time.Now().Before(deadline) {
		all = ""
		for _, page := range []string{"/", "/metrics", "/readyz"} {
			for _, accept := range []string{"text/html", "application/json"} {
				if _, body, err := request("http://"+address+page, accept); err == nil {
					all += body
				}
			}
		}
		var status struct {
			Targets []struct {
				Error, Applied string
				Places         struct{ Failing []any }
			}
		}
		_, body, _ := request("http://"+address+"/", "application/json")
		_ = json.Unmarshal([]byte(body), &status)
		done := len(status.Targets) > 0
		for _, target := range status.Targets {
			done = done && (target.Error+target.Applied != "" || len(target.Places.Failing) > 0)
		}
		if done {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return all
}
