// Package deploy_test tests the files for CI services: the GitHub Action, the template for GitLab CI, and the workflows
// of this repository. The scripts install this test program as the helper, from a release in the layout of "make dist".
package deploy_test

import (
	"archive/tar"
	"compress/gzip"
	"crypto/fips140"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/v1/empty"

	"ecrlogin/internal/awstest"
	"ecrlogin/internal/cli"
	"ecrlogin/internal/fastpath"
	"ecrlogin/internal/process"
)

const (
	helper  = "docker-credential-ecr-login"
	version = "0.1.0"
	host    = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	other   = "210987654321.dkr.ecr.eu-central-1.amazonaws.com"
)

// TestMain is the helper if the program has its name.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == helper {
		p := &cli.Program{
			Name: os.Args[0], Version: version, Env: process.Env(), Began: process.Began(),
			Stdin: fastpath.Stdin(), Stdout: os.Stdout, Stderr: os.Stderr,
		}
		os.Exit(p.Run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// newRelease creates a directory with the release in DIR/VERSION, and returns DIR.
func newRelease(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("requires a POSIX shell")
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, version), 0o700); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("%s-%s-%s-%s", helper, version, runtime.GOOS, runtime.GOARCH)
	archive := name + ".tar.gz"
	file, err := os.Create(filepath.Join(dir, version, archive))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	hash := sha256.New()
	if err := writeArchive(io.MultiWriter(file, hash), name); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, version, "SHA256SUMS"), hex.EncodeToString(hash.Sum(nil))+"  "+archive+"\n")
	return dir
}

// writeArchive writes an archive with this test program as the helper, in a directory dir, and a completion script of
// the same name.
func writeArchive(out io.Writer, dir string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	content, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	compressed, err := gzip.NewWriterLevel(out, gzip.BestSpeed)
	if err != nil {
		return err
	}
	w := tar.NewWriter(compressed)
	for name, content := range map[string][]byte{dir + "/completions/bash/" + helper: nil, dir + "/" + helper: content} {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}); err != nil {
			return err
		}
		if _, err := w.Write(content); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return compressed.Close()
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sums returns the SHA-256 of the file SHA256SUMS of a release.
func sums(t *testing.T, release string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(release, version, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// serve serves a directory via HTTP.
func serve(t *testing.T, dir string) (url string) {
	t.Helper()
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(server.Close)
	return server.URL
}

// serveTLS serves a directory via HTTPS. With redirect, it redirects to the same path of another URL instead. It returns
// the variables with which curl and wget trust the server.
func serveTLS(t *testing.T, dir, redirect string) (url string, trust []string) {
	t.Helper()
	handler := http.FileServer(http.Dir(dir))
	if redirect != "" {
		handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, redirect+r.URL.Path, http.StatusFound)
		})
	}
	server := httptest.NewUnstartedServer(handler)
	if !fips140.Enabled() { // Debian's BusyBox has no other cipher suite in common with Go; curl and Wget have
		server.TLS = &tls.Config{CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	ca, rc := filepath.Join(t.TempDir(), "ca.pem"), filepath.Join(t.TempDir(), "wgetrc")
	write(t, ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	write(t, rc, "ca_certificate = "+ca+"\n")
	return server.URL, []string{"CURL_CA_BUNDLE=" + ca, "WGETRC=" + rc}
}

// A machine is an empty home directory of a user with an AWS identity, and the environment of a job.
type machine struct {
	aws  *awstest.Server
	home string
	env  []string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	server, home := awstest.New(t), t.TempDir()
	return &machine{server, home, []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "GORACE=atexit_sleep_ms=0", "GODEBUG=" + os.Getenv("GODEBUG"),
		"AWS_ACCESS_KEY_ID=" + awstest.KeyID, "AWS_SECRET_ACCESS_KEY=" + awstest.SecretKey,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CA_BUNDLE=" + server.CAFile,
	}}
}

// run runs a command with additional variables, and returns its output.
func (m *machine) run(command []string, variables ...string) (string, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(append([]string{}, m.env...), variables...)
	cmd.Dir = m.home
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// pulls pushes an image to a registry and pulls it with the user's Docker configuration, which must contain the helper
// and no passwords. The client runs the helper that is in the directory bin.
func (m *machine) pulls(t *testing.T, bin, registry string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(m.home, ".docker", "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := json.Unmarshal(content, &config); err != nil {
		t.Fatal(err)
	}
	if config["auths"] != nil || config["credHelpers"].(map[string]any)[registry] != "ecr-login" {
		t.Errorf("the Docker configuration is wrong:\n%s", content)
	}
	for _, v := range append(m.env, "DOCKER_CONFIG="+filepath.Join(m.home, ".docker"), "HTTPS_PROXY="+m.aws.Proxy,
		"PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "NO_PROXY=", "XDG_CACHE_HOME=") {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	proxied := crane.WithTransport(m.aws.Client().Transport)
	if err := crane.Push(empty.Image, registry+"/app:v1", proxied); err != nil {
		t.Fatal(err)
	}
	if _, err := crane.Pull(registry+"/app:v1", proxied); err != nil {
		t.Error(err)
	}
	if m.aws.Count(awstest.GetAuthorizationToken) == 0 {
		t.Error("the helper did not request a token")
	}
}
