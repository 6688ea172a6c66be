//go:build unix

package nativehelper_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ecrlogin/internal/environ"
	"ecrlogin/internal/nativehelper"
)

const (
	host   = "registry.example.com"
	secret = "eyJmYWtlIjoibm8gcmVhbCBzZWNyZXQifQ"
	named  = `"fallback" in /etc/ecr-login/config.yaml`
	answer = `{"ServerURL":"registry.example.com","Username":"ann","Secret":"` + secret + `"}`
	// stored is what docker login sends.
	stored   = answer + "\n"
	notFound = "credentials not found in native keychain"
)

// relayed makes the test binary relay its action to the helper of that name, as the program does.
const relayed = "NATIVEHELPER_TEST_RELAYED"

func TestMain(m *testing.M) {
	if name := os.Getenv(relayed); name != "" {
		timeout, _ := time.ParseDuration(os.Getenv("NATIVEHELPER_TEST_TIMEOUT"))
		if dir := os.Getenv("NATIVEHELPER_TEST_SLOTS"); dir != "" {
			nativehelper.UseSlots(dir)
		}
		h := &nativehelper.Helper{Name: name, Env: environ.Process(), Timeout: timeout, Stderr: os.Stderr, Named: named}
		input, err := io.ReadAll(os.Stdin)
		if err != nil {
			panic(err)
		}
		os.Exit(h.Relay(os.Args[1], input, os.Stdout))
	}
	os.Exit(m.Run())
}

// install installs a shell script as a helper, first on PATH. The variable DIR of the script is the returned
// directory.
func install(t *testing.T, name, script string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	text := "#!/bin/sh\nDIR='" + dir + "'\n" + script + "\n"
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-"+name), []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return dir
}

// An outcome is the result of a call as a client sees it.
type outcome struct {
	out, err string
	exit     int
}

// String shows line ends and hides secrets, which a failing test must not print.
func (o outcome) String() string {
	return strings.ReplaceAll(fmt.Sprintf("exit code %d\n\tstdout %q\n\tstderr %q", o.exit, o.out, o.err), secret, "(the secret)")
}

// both returns the outcome of a failure that writes the same line to both streams.
func both(exit int, line string) outcome { return outcome{line + "\n", line + "\n", exit} }

// relay calls Relay in this process.
func relay(h nativehelper.Helper, action, input string) outcome {
	var out, errOut bytes.Buffer
	h.Env, h.Stderr, h.Named = environ.Process(), &errOut, named
	exit := h.Relay(action, []byte(input), &out)
	return outcome{out.String(), errOut.String(), exit}
}

// expect fails the test unless got and want are equal.
func expect(t *testing.T, got, want outcome) {
	t.Helper()
	if got != want {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// daemon returns a command that relays an action without a terminal.
func daemon(t *testing.T, name, action, input string) *exec.Cmd {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), own, action)
	cmd.Env = append(os.Environ(), relayed+"="+name, "GORACE=atexit_sleep_ms=0") // at its end the race detector waits a second otherwise
	cmd.Stdin = strings.NewReader(input)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

// run runs a command and returns its outcome.
func run(t *testing.T, cmd *exec.Cmd) outcome {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return outcome{out.String(), errOut.String(), cmd.ProcessState.ExitCode()}
}
