package refresh

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// patience limits the wait for a condition that is usually met within some seconds.
const patience = 40 * time.Second

// A daemon is a running ecr-token-refresh.
type daemon struct {
	cmd     *exec.Cmd
	log     *output
	url     string // of its HTTP server
	started time.Time
	ended   chan struct{}
}

// An output is the output of a process. It is safe for concurrent use.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// environ returns an environment in which connections to AWS reach the stand-in, without an AWS identity.
func environ(aws *awstest.Server) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HTTPS_PROXY=" + aws.Proxy, "SSL_CERT_FILE=" + aws.CAFile,
		"AWS_EC2_METADATA_DISABLED=true"}
}

// keys are the variables with the keys that the stand-in accepts.
func keys() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + awstest.KeyID, "AWS_SECRET_ACCESS_KEY=" + awstest.SecretKey}
}

// start starts the daemon with a configuration file, and the environment env in addition to environ. Its HTTP server
// listens on an unused port. The daemon is killed at the end of the test.
func start(t *testing.T, aws *awstest.Server, config string, env []string, args ...string) *daemon {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	d := startDefault(t, aws, env, append([]string{"--config=" + config, "--listen=" + address}, args...)...)
	d.url = "http://" + address
	return d
}

// startDefault starts the daemon with its default configuration file and the default port of the sidecar.
func startDefault(t *testing.T, aws *awstest.Server, env []string, args ...string) *daemon {
	t.Helper()
	program, err := exec.LookPath("ecr-token-refresh")
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{cmd: exec.Command(program, args...), log: new(output), url: "http://127.0.0.1:3277",
		ended: make(chan struct{})}
	d.cmd.Env, d.cmd.Dir = append(environ(aws), env...), "/"
	d.cmd.Stdout, d.cmd.Stderr = d.log, d.log
	d.cmd.WaitDelay = time.Second
	d.started = time.Now()
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = d.cmd.Wait() // an error, if it is killed
		close(d.ended)
	}()
	t.Cleanup(func() {
		d.kill()
		if t.Failed() {
			t.Logf("the log of the daemon:\n%s", d.log)
		}
		for _, p := range aws.Passwords() {
			if strings.Contains(d.log.String(), p) {
				t.Error("the log of the daemon contains a password")
			}
		}
	})
	return d
}

// kill kills the daemon, unless it has ended, and waits for its end.
func (d *daemon) kill() {
	_ = d.cmd.Process.Kill() // fails if it has ended
	<-d.ended
}

// stopLimit is how long the daemon may take to end after a signal.
const stopLimit = time.Second

// stop sends SIGTERM and waits until the daemon has ended. It fails the test if that takes too long.
func (d *daemon) stop(t *testing.T) (took time.Duration) {
	t.Helper()
	began := time.Now()
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-d.ended
	if took = time.Since(began); took >= stopLimit {
		t.Errorf("ended %v after SIGTERM, want less than %v", took, stopLimit)
	}
	return took
}

// mustExit fails the test unless the daemon has ended with an exit code.
func (d *daemon) mustExit(t *testing.T, want int) {
	t.Helper()
	if got := d.cmd.ProcessState.ExitCode(); got != want {
		t.Errorf("exit code %d (%v), want %d", got, d.cmd.ProcessState, want)
	}
}

// get returns a page; status 0 if the daemon does not respond.
func (d *daemon) get(path string) (status int, body string) {
	resp, err := http.Get(d.url + path)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(content)
}

// await waits until a page has a status and contains all words, and returns it.
func (d *daemon) await(t *testing.T, path string, want int, words ...string) (body string) {
	t.Helper()
	d.until(t, func() (missing string) {
		status := 0
		if status, body = d.get(path); status == want && containsAll(body, words) {
			return ""
		}
		return fmt.Sprintf("%s: status %d, want %d and %q:\n%s", path, status, want, words, body)
	})
	return body
}

// until polls until condition returns "". If that does not happen, or if the daemon ends, the test fails with what the
// condition returned.
func (d *daemon) until(t *testing.T, condition func() (missing string)) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		missing := condition()
		switch {
		case missing == "":
			return
		case time.Now().After(deadline):
			t.Fatal(missing)
		}
		select {
		case <-d.ended:
			t.Fatalf("the daemon has ended (%v): %s", d.cmd.ProcessState, missing)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func containsAll(s string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(s, w) {
			return false
		}
	}
	return true
}

// startAWS starts a stand-in for AWS whose certificate authority all users can read.
func startAWS(t *testing.T) *awstest.Server {
	t.Helper()
	aws, err := awstest.Start(awstest.Options{Dir: publicDir(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(aws.Close)
	return aws
}

// publicDir returns a directory that all users can read.
func publicDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/run", "refresh-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// writeFile writes a file that all users can read, and creates its parent directories.
func writeFile(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
