package aws_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
	"ecrlogin/internal/awstest"
	"ecrlogin/registry"
)

// cloud is the AWS stand-in of all tests in this package. There is only one because net/http reads HTTPS_PROXY once per
// process. Through that proxy the tests use the real AWS host names without overrides.
var cloud *awstest.Server

func TestMain(m *testing.M) {
	if _, child := os.LookupEnv(childHost); child {
		os.Exit(childMain())
	}
	os.Exit(withCloud(m))
}

func withCloud(m *testing.M) int {
	dir, err := os.MkdirTemp("", "awstest")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if cloud, err = awstest.Start(awstest.Options{Dir: dir}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer cloud.Close()
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "SSL_CERT_") || strings.HasSuffix(strings.ToLower(name), "_proxy") {
			os.Unsetenv(name)
		}
	}
	os.Setenv("HTTPS_PROXY", cloud.Proxy)
	os.Setenv("NO_PROXY", ".test")
	os.Setenv("SSL_CERT_FILE", cloud.CAFile)
	return m.Run()
}

const privateHost = "210987654321.dkr.ecr.us-west-2.amazonaws.com"

// A machine is the setup of a test: a home directory with AWS files, and an environment.
type machine struct {
	t         *testing.T
	home      string
	sdkClient bool // see trustBundle
}

// trustBundle sets AWS_CA_BUNDLE, with which requests use the SDK's HTTP client.
func (m *machine) trustBundle() {
	m.sdkClient = true
	m.env("AWS_CA_BUNDLE", cloud.CAFile)
	m.env("SSL_CERT_FILE", "/nonexistent")
}

// newMachine returns a machine without credentials, whose metadata service refuses connections.
func newMachine(t *testing.T) *machine {
	t.Helper()
	waitForDials(t)
	cloud.ClearFaults()
	cloud.ResetCalls()
	cloud.SetTokenLifetime(12 * time.Hour)
	cloud.SetClock(nil)
	cloud.SetContainerToken("")
	m := &machine{t: t, home: t.TempDir()}
	m.env("HOME", m.home)
	m.env("AWS_CONFIG_FILE", filepath.Join(m.home, ".aws", "config"))
	m.env("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(m.home, ".aws", "credentials"))
	m.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1")
	return m
}

// waitForDials waits until no connection is being opened. A token that failed early may leave one, which ends soon but
// would be recorded as dialed by the next test.
func waitForDials(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		var stacks strings.Builder
		if err := pprof.Lookup("goroutine").WriteTo(&stacks, 2); err != nil {
			t.Fatal(err)
		}
		if s := stacks.String(); !strings.Contains(s, "aws.(*transport).open") && !strings.Contains(s, "http.(*Transport).startDialConn") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("connections are still being opened:\n%s", &stacks)
		}
	}
}

// withKeys returns a machine with the stand-in's first key in the environment.
func withKeys(t *testing.T) *machine {
	t.Helper()
	m := newMachine(t)
	m.env("AWS_ACCESS_KEY_ID", awstest.KeyID)
	m.env("AWS_SECRET_ACCESS_KEY", awstest.SecretKey)
	return m
}

func (m *machine) env(name, value string) { m.t.Setenv(name, value) }

// config writes ~/.aws/config.
func (m *machine) config(text string) {
	m.t.Helper()
	m.file(".aws/config", text)
}

func (m *machine) file(name, text string) string {
	m.t.Helper()
	path := filepath.Join(m.home, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
	return path
}

// timeLimit is the time limit of a token. It is longer than the default of the program, for busy machines.
const timeLimit = time.Minute

func (m *machine) token(host string) (credentials.Token, error) {
	return m.tokenWithin(host, timeLimit)
}

func (m *machine) tokenWithin(host string, timeout time.Duration) (credentials.Token, error) {
	m.t.Helper()
	r, err := registry.Parse(host)
	if err != nil {
		m.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(m.t.Context(), timeout)
	defer cancel()
	return new(aws.Source).Token(ctx, r)
}

// mustToken requests a token and fails the test if there is none or it is incomplete.
func (m *machine) mustToken(host string) credentials.Token {
	m.t.Helper()
	token, err := m.token(host)
	if err != nil {
		m.t.Fatal(err)
	}
	if token.Username != "AWS" || len(token.Password) < 1500 || !token.Expiry.After(time.Now()) || token.Expiry.Location() != time.UTC {
		m.t.Fatalf("got %v with a password of %d characters", token, len(token.Password))
	}
	return token
}
