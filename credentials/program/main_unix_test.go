//go:build unix

package program_test

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

	"ecrlogin/credentials/program"
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

// relayed makes a process of the test binary one that relays its action to the helper of that name, as the program does.
const relayed = "PROGRAM_TEST_RELAYED"

func TestMain(m *testing.M) {
	if name := os.Getenv(relayed); name != "" {
		timeout, _ := time.ParseDuration(os.Getenv("PROGRAM_TEST_TIMEOUT"))
		if dir := os.Getenv("PROGRAM_TEST_SLOTS"); dir != "" {
			program.UseSlots(dir)
		}
		h := &program.Helper{Name: name, Timeout: timeout, Stderr: os.Stderr, Named: named}
		input, err := io.ReadAll(os.Stdin)
		if err != nil {
			panic(err)
		}
		os.Exit(h.Relay(os.Args[1], input, os.Stdout))
	}
	os.Exit(m.Run())
}

// install puts a helper in front of PATH, as a shell script. The script's variable DIR is the folder that is returned.
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

// An outcome is all that a client sees of a call.
type outcome struct {
	out, err string
	exit     int
}

// String hides no line end, but what a failing test must not print.
func (o outcome) String() string {
	return strings.ReplaceAll(fmt.Sprintf("exit code %d\n\tstdout %q\n\tstderr %q", o.exit, o.out, o.err), secret, "(the secret)")
}

// both is a failure that is told on both streams.
func both(exit int, line string) outcome { return outcome{line + "\n", line + "\n", exit} }

// relay relays within this process.
func relay(h program.Helper, action, input string) outcome {
	var out, errOut bytes.Buffer
	h.Stderr, h.Named = &errOut, named
	exit := h.Relay(action, []byte(input), &out)
	return outcome{out.String(), errOut.String(), exit}
}

// expect fails the test unless both are the same.
func expect(t *testing.T, got, want outcome) {
	t.Helper()
	if got != want {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// daemon returns a process that relays, and has no terminal.
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

// run returns what a process left.
func run(t *testing.T, cmd *exec.Cmd) outcome {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return outcome{out.String(), errOut.String(), cmd.ProcessState.ExitCode()}
}
