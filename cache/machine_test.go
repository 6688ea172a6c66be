package cache_test

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// Two registries of different accounts in different regions.
const (
	host      = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	otherHost = "210987654321.dkr.ecr.eu-central-1.amazonaws.com"
)

// sameRegion is a registry of another account with the same API as host.
const sameRegion = "210987654321.dkr.ecr.us-west-2.amazonaws.com"

// timeLimit is the time limit of the processes of a machine, unless a test sets another one. It is longer than the
// default, so that tests pass on a busy machine.
const timeLimit = 90 * time.Second

// slot is how long a process waits for another one that has the lock and does not end. A process that does not wait
// takes much less, also on a busy machine.
const slot = timeLimit / 3

// A machine is the environment of the processes of a test: a home directory, variables, and a stand-in for AWS. It
// does not include the variables of the test process.
type machine struct {
	t     *testing.T
	cloud *awstest.Server
	home  string
	cache string // AWS_ECR_CACHE_DIR
	uid   uint32 // user ID of the processes; 0 for the user of the test
	env   map[string]string
}

// newMachine returns a machine without an identity, which reaches the stand-in by the real host names of AWS.
func newMachine(t *testing.T) *machine {
	t.Helper()
	// A pattern would interpret the bracket in the path.
	m := &machine{t: t, cloud: awstest.New(t), home: filepath.Join(t.TempDir(), "[home")}
	if err := os.Mkdir(m.home, 0o700); err != nil {
		t.Fatal(err)
	}
	m.cache = filepath.Join(m.home, "cache")
	m.env = map[string]string{
		"HOME":                      m.home,
		"PATH":                      os.Getenv("PATH"),
		"AWS_ECR_CACHE_DIR":         m.cache,
		"ECR_LOGIN_TIMEOUT":         timeLimit.String(),
		"AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CA_BUNDLE":             m.cloud.CAFile,
		"HTTPS_PROXY":               m.cloud.Proxy,
	}
	return m
}

// withKeys returns a machine with the stand-in's first key in the environment. Its processes connect to the stand-in
// without TLS, which is faster.
func withKeys(t *testing.T) *machine {
	t.Helper()
	m := newMachine(t)
	m.env["AWS_ACCESS_KEY_ID"] = awstest.KeyID
	m.env["AWS_SECRET_ACCESS_KEY"] = awstest.SecretKey
	m.env["AWS_ENDPOINT_URL"] = m.cloud.URL
	return m
}

// with returns a copy of the machine with other variables. An empty value removes a variable.
func (m *machine) with(env map[string]string) *machine {
	other := *m
	other.env = maps.Clone(m.env)
	for name, value := range env {
		if value == "" {
			delete(other.env, name)
		} else {
			other.env[name] = value
		}
	}
	return &other
}

// config writes ~/.aws/config.
func (m *machine) config(text string) { m.file(".aws/config", text) }

// file writes a file in the home directory and returns its path.
func (m *machine) file(name, text string) string {
	m.t.Helper()
	path := filepath.Join(m.home, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
	return path
}

// fail makes AWS reject all token requests.
func (m *machine) fail() {
	m.cloud.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Type: "AccessDeniedException"})
}

// called fails the test unless AWS received the given number of token requests since the last call.
func (m *machine) called(want int) {
	m.t.Helper()
	if got := m.cloud.Count(awstest.GetAuthorizationToken) + m.cloud.Count(awstest.GetPublicAuthorizationToken); got != want {
		m.t.Errorf("%d token requests, want %d", got, want)
	}
	m.cloud.ResetCalls()
}

// opens fails the test unless the registry accepts the password.
func (m *machine) opens(host, password string) {
	m.t.Helper()
	req, err := http.NewRequestWithContext(m.t.Context(), http.MethodGet, "https://"+host+"/v2/", nil)
	if err != nil {
		m.t.Fatal(err)
	}
	req.SetBasicAuth("AWS", password)
	resp, err := m.cloud.Client().Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		m.t.Errorf("%s returned status %d for the password", host, resp.StatusCode)
	}
}
