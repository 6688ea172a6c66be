package cache_test

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"ecrlogin/internal/awstest"
)

// Two registries of different accounts in different regions.
const (
	host      = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	otherHost = "210987654321.dkr.ecr.eu-central-1.amazonaws.com"
)

// A machine is what the processes of a test find: a home folder, an environment, and a stand-in for AWS. Nothing of
// this process's own environment gets there.
type machine struct {
	t     *testing.T
	cloud *awstest.Server
	home  string
	cache string // AWS_ECR_CACHE_DIR
	uid   uint32 // whom processes run as; 0 for the user of the test
	env   map[string]string
}

// newMachine returns a machine without an identity, from which AWS's real host names lead to the stand-in.
func newMachine(t *testing.T) *machine {
	t.Helper()
	// A bracket in the path is what a pattern would take for a class.
	m := &machine{t: t, cloud: awstest.New(t), home: filepath.Join(t.TempDir(), "[home")}
	if err := os.Mkdir(m.home, 0o700); err != nil {
		t.Fatal(err)
	}
	m.cache = filepath.Join(m.home, "cache")
	m.env = map[string]string{
		"HOME":                      m.home,
		"PATH":                      os.Getenv("PATH"),
		"AWS_ECR_CACHE_DIR":         m.cache,
		"AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CA_BUNDLE":             m.cloud.CAFile,
		"HTTPS_PROXY":               m.cloud.Proxy,
	}
	return m
}

// withKeys returns a machine with the stand-in's first key in the environment. Its processes ask the stand-in
// directly, without TLS, which is quicker.
func withKeys(t *testing.T) *machine {
	t.Helper()
	m := newMachine(t)
	m.env["AWS_ACCESS_KEY_ID"] = awstest.KeyID
	m.env["AWS_SECRET_ACCESS_KEY"] = awstest.SecretKey
	m.env["AWS_ENDPOINT_URL"] = m.cloud.URL
	return m
}

// with returns the machine as a process with other variables sees it. An empty value takes a variable away.
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

// file writes a file below the home folder and returns its path.
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

// fail makes AWS deny every token from now on.
func (m *machine) fail() {
	m.cloud.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Type: "AccessDeniedException"})
}

// called fails the test unless AWS was asked for so many tokens since the last time.
func (m *machine) called(want int) {
	m.t.Helper()
	if got := m.cloud.Count(awstest.GetAuthorizationToken); got != want {
		m.t.Errorf("AWS was asked for %d tokens, want %d", got, want)
	}
	m.cloud.ResetCalls()
}

// opens fails the test unless the password opens the registry.
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
		m.t.Errorf("%s answered %d to the password", host, resp.StatusCode)
	}
}
