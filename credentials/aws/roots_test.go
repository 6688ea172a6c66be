package aws_test

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"ecrlogin/credentials"
)

// The trusted roots are those of crypto/x509: the bundle file and the directories. A root in a directory costs a second
// connection, and a root in neither is rejected with the error of crypto/x509.
func TestRoots(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the system has its own certificate store")
	}
	const api = "api.ecr.us-west-2.amazonaws.com"
	const unknown = "TLS connection to " + api + " failed: tls: failed to verify certificate: x509: certificate signed by unknown authority, issued by awstest"
	for _, tt := range []struct {
		name    string
		setUp   func(m *machine) (file, dir string)
		dialed  int // connections
		problem string
	}{
		{"file", func(m *machine) (string, string) { return cloud.CAFile, m.home }, 1, ""},
		{"directory", func(m *machine) (string, string) { return m.file("other.pem", otherCA), m.authorities() }, 2, ""},
		{"second directory", func(m *machine) (string, string) {
			return m.file("other.pem", otherCA), m.home + "/none:" + m.authorities()
		}, 2, ""},
		{"neither", func(m *machine) (string, string) { return m.file("other.pem", otherCA), m.home }, 2, unknown},
		{"empty file", func(m *machine) (string, string) { return m.file("empty.pem", ""), m.authorities() }, 1, ""},
		{"no PEM", func(m *machine) (string, string) { return m.file("text.pem", "text\n"), m.authorities() }, 1, ""},
		{"missing file", func(m *machine) (string, string) { return m.home + "/none.pem", m.authorities() }, 1, ""},
		{"directory as file", func(m *machine) (string, string) { return m.home, m.authorities() }, 1, ""},
		{"nothing", func(m *machine) (string, string) { return m.home + "/none.pem", m.home + "/none" }, 1, unknown},
		{"part of the file", func(m *machine) (string, string) {
			return m.file("both.pem", "text\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"+m.authority()), m.home
		}, 1, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := withKeys(t)
			file, dir := tt.setUp(m)
			got := m.child(credentials.Identity{}, "SSL_CERT_FILE="+file, "SSL_CERT_DIR="+dir)
			if (got == "") != (tt.problem == "") || !strings.Contains(got, tt.problem) {
				t.Errorf("got %q\nwant %q", got, tt.problem)
			}
			if hosts := cloud.DialedHosts(); !slices.Equal(hosts, slices.Repeat([]string{api}, tt.dialed)) {
				t.Errorf("dialed %q, want the API %d times", hosts, tt.dialed)
			}
		})
	}
}

// Early connections and the requests of all services follow the same rules. After one certificate was rejected, the
// bundle file is not tried again.
func TestRootsOfARole(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the system has its own certificate store")
	}
	m := withProfiles(t)
	cloud.AllowRole(pullRole)
	env := []string{"SSL_CERT_FILE=" + m.file("other.pem", otherCA), "SSL_CERT_DIR=" + m.authorities()}
	if problem := m.child(credentials.Identity{Profile: "base", RoleARN: pullRole}, env...); problem != "" {
		t.Fatal(problem)
	}
	if n := len(cloud.DialedHosts()); n != 3 && n != 4 { // the two hosts at the same time
		t.Errorf("dialed %q", cloud.DialedHosts())
	}
	if n := len(cloud.Calls()); n != 2 {
		t.Errorf("%d calls, want each request once", n)
	}
}

// A CA bundle of the AWS configuration replaces the roots of the system, as in the AWS CLI.
func TestCABundleReplacesRoots(t *testing.T) {
	for name, setUp := range map[string]func(*machine, string){
		"AWS_CA_BUNDLE": func(m *machine, file string) { m.env("AWS_CA_BUNDLE", file) },
		"ca_bundle":     func(m *machine, file string) { m.config("[default]\nca_bundle = " + file + "\n") },
	} {
		t.Run(name, func(t *testing.T) {
			m := withKeys(t)
			setUp(m, m.file("other.pem", otherCA))
			if _, err := m.token(privateHost); err == nil || !strings.Contains(err.Error(), "certificate signed by unknown authority") {
				t.Errorf("with another authority in the bundle: %v", err)
			}
			m.env("SSL_CERT_FILE", "/nonexistent")
			setUp(m, cloud.CAFile)
			if problem := m.child(credentials.Identity{}); problem != "" {
				t.Errorf("with the authority in the bundle: %s", problem)
			}
		})
	}
}

// authority returns the certificate of the stand-in's authority in PEM format.
func (m *machine) authority() string {
	m.t.Helper()
	content, err := os.ReadFile(cloud.CAFile)
	if err != nil {
		m.t.Fatal(err)
	}
	return string(content)
}

// authorities returns a directory with that certificate.
func (m *machine) authorities() string {
	m.t.Helper()
	return strings.TrimSuffix(m.file("certs/awstest.pem", m.authority()), "/awstest.pem")
}
