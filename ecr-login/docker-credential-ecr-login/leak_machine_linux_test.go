package main

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
	"ecrlogin/internal/leaktest"
)

// Names of secrets that some outputs or files may contain.
const (
	ecrPassword   = "ECR password"
	loginPassword = "password of docker login"
	otherPassword = "password in the fallback"
	typedPassword = "password of another registry"
	dockerAuth    = "password in config.json"
)

// A leakMachine is the home directory of a user with secrets in all places, and a stand-in for AWS.
type leakMachine struct {
	t       *testing.T
	binary  string
	login   string // the password of docker login
	cloud   *awstest.Server
	work    string // contains home, bin and out
	home    string
	env     map[string]string
	secrets leaktest.Secrets
	replace map[string]string // $NAME in invocations
}

const leakRole = "arn:aws:iam::210987654321:role/pull"

// secretText returns a secret that is unlike all other texts, with characters that are escaped in URLs.
func secretText(name string) string {
	sum := sha256.Sum256([]byte(name + strconv.Itoa(os.Getpid())))
	return base64.StdEncoding.EncodeToString(sum[:16]) + "/+" + base64.RawStdEncoding.EncodeToString(sum[16:])
}

// leakSession is a key of a session, as STS returns it.
var leakSession = awstest.Key{ID: "ASIALEAKTEST00000000", Secret: "kX" + strings.Repeat("session/key+", 3) + "hk",
	Session: strings.Repeat("FwoGZXIvYXdzEhunter2/+", 20), Account: awstest.Account}

// buildProgram builds the program. The test binary would contain the secrets of package awstest, and start slower.
func buildProgram(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "docker-credential-ecr-login")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

func newLeakMachine(t *testing.T, program string) *leakMachine {
	t.Helper()
	work := t.TempDir()
	m := &leakMachine{t: t, binary: program, cloud: awstest.New(t), work: work, home: filepath.Join(work, "home")}
	m.cloud.AddKey(leakSession)
	m.cloud.AllowRole(leakRole)
	m.login = m.cloud.IssueToken("us-west-2", false)
	user, proxy := secretText("userinfo"), secretText("proxy")
	m.secrets = leaktest.Secrets{
		"secret access key": awstest.SecretKey, "session's key": leakSession.Secret, "session token": leakSession.Session,
		"web identity token": awstest.WebIdentityToken, "SSO access token": m.cloud.SSOAccessToken(), "SSO refresh token": m.cloud.SSORefreshToken(),
		"proxy password": proxy, "password in a URL": user, "container token": secretText("container"), "pod's token": podToken(),
		loginPassword: payload(m.login), typedPassword: secretText("typed"), otherPassword: secretText("fallback"),
		dockerAuth: secretText("auth"), "identity token in config.json": secretText("identitytoken"), "text in a broken file": secretText("broken"),
	}
	path := filepath.Join(work, "bin") + ":" + os.Getenv("PATH")
	m.env = map[string]string{
		"HOME": m.home, "PATH": path, "ECR_LOGIN_LOG": "debug", "ECR_LOGIN_TIMEOUT": "1s",
		"AWS_CA_BUNDLE": m.cloud.CAFile, "AWS_EC2_METADATA_DISABLED": "true",
		"HTTPS_PROXY": strings.Replace(m.cloud.Proxy, "http://", "http://me:"+escapeUser(proxy)+"@", 1),
	}
	m.replace = map[string]string{
		"WORK": work, "USERINFO": "me:" + escapeUser(user), "TYPED": m.secrets[typedPassword], "LOGIN": m.login,
		"PODTOKEN": m.secrets["pod's token"],
	}
	m.write("out/keep", "")
	m.write("broken.yaml", "registries:\n- match: [}\n")
	m.write("kubelet/config.yaml", "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders: []\n")
	m.write("home/.docker/config.json", fmt.Sprintf(`{"auths":{"ghcr.io":{"auth":%q},"quay.io":{"identitytoken":%q},%q:{"auth":%q}}}`,
		basic("me", m.secrets[dockerAuth]), m.secrets["identity token in config.json"], leakHost, basic("AWS", m.secrets[dockerAuth])))
	m.write("home/.config/containers/auth.json", fmt.Sprintf(`{"auths":{"ghcr.io":{"auth":%q}}}`, basic("me", m.secrets[dockerAuth])))
	m.configure("fallback: leaktest\n")
	m.helper("leaktest", `case "$1" in
get) read -r host; test "$host" = `+leakOther+` || { echo "credentials not found in native keychain"; exit 1; }
	printf '{"ServerURL":"%s","Username":"me","Secret":"`+m.secrets[otherPassword]+`"}' "$host" ;;
list) echo '{"https://`+leakOther+`":"me"}' ;;
*) cat >/dev/null ;;
esac`)
	return m
}

// podToken returns a token of a service account, with an untrusted signature.
func podToken() string {
	encode := base64.RawURLEncoding.EncodeToString
	claims := fmt.Sprintf(`{"sub":"system:serviceaccount:ns:puller","aud":["ecr"],"iss":"https://cluster.test","exp":%d}`, time.Now().Add(time.Hour).Unix())
	return encode([]byte(`{"alg":"RS256","kid":"leaktest"}`)) + "." + encode([]byte(claims)) + "." + encode([]byte(secretText("signature")))
}

func basic(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
}

func escapeUser(password string) string {
	return strings.NewReplacer("/", "%2F", "+", "%2B").Replace(password)
}

// write writes a file that only the user can read.
func (m *leakMachine) write(name, content string) (path string) {
	m.t.Helper()
	path = filepath.Join(m.work, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		m.t.Fatal(err)
	}
	return path
}

func (m *leakMachine) configure(content string) {
	m.write("home/.config/ecr-login/config.yaml", content)
}

// helper creates a credential helper, or another program, that records its arguments and environment.
func (m *leakMachine) helper(name, script string) {
	m.t.Helper()
	m.program("docker-credential-"+name, script)
}

func (m *leakMachine) program(name, script string) (path string) {
	m.t.Helper()
	path = m.write("bin/"+name, "#!/bin/sh\ntr '\\0' '\\n' </proc/$$/cmdline >>"+m.work+"/children.cmdline\n"+
		"tr '\\0' '\\n' </proc/$$/environ >>"+m.work+"/children.environ\n"+script+"\n")
	if err := os.Chmod(path, 0o700); err != nil {
		m.t.Fatal(err)
	}
	return path
}

// run runs the program and returns its output.
func (m *leakMachine) run(command string, i invocation, env ...string) (stdout, stderr string) {
	m.t.Helper()
	args := strings.Fields(command + " " + i.args)
	for n, arg := range args {
		args[n] = os.Expand(arg, func(name string) string { return m.replace[name] })
	}
	cmd := exec.Command(m.binary, args...)
	cmd.Dir = m.work
	cmd.Stdin = strings.NewReader(os.Expand(i.input, func(name string) string { return m.replace[name] }))
	for name, value := range m.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Env = append(cmd.Env, env...)
	var out, errOut strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errOut
	_ = cmd.Run() // most invocations fail
	return out.String(), errOut.String()
}

// all returns the secrets with those that AWS issued meanwhile.
func (m *leakMachine) all() leaktest.Secrets {
	secrets := m.secrets
	for i, p := range m.cloud.Passwords() {
		if p != m.login {
			secrets = secrets.With(ecrPassword+" "+strconv.Itoa(i), payload(p))
		}
	}
	for i, s := range m.cloud.TemporarySecrets() {
		secrets = secrets.With("key of AWS "+strconv.Itoa(i), s)
	}
	return secrets
}

// payload returns the part of an ECR password that differs between passwords.
func payload(password string) string { return password[20 : len(password)-120] }
