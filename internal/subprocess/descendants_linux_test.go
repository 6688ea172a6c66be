package subprocess_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"ecrlogin/internal/ptytest"
)

// With a terminal, a child can read from it and prompt on it via standard error.
func TestTerminalRead(t *testing.T) {
	screen, tty := ptytest.Open(t)
	cmd := process(t, `test -t 2 || echo 'no terminal'; printf 'code? ' >&2; read -r code </dev/tty; echo "$code"`)
	ptytest.Control(cmd, tty)
	cmd.Stderr = tty
	type result struct {
		out []byte
		err error
	}
	done := make(chan result)
	go func() {
		out, err := cmd.Output()
		done <- result{out, err}
	}()
	ptytest.WaitFor(t, screen, "code? ", patience)
	if _, err := screen.WriteString("123\n"); err != nil {
		t.Fatal(err)
	}
	if r := <-done; r.err != nil || string(r.out) != "123\n" {
		t.Errorf("got %q, %v", r.out, r.err)
	}
}

// With a terminal, the deadline also kills all descendants of the child, although it has no separate process group.
func TestTerminalDeadline(t *testing.T) {
	_, tty := ptytest.Open(t)
	held, hold, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	cmd := process(t, "(sleep 600 & sleep 600; true) & sleep 600; true", "SUBPROCESS_TEST_TIMEOUT=300ms")
	// The shell is the session leader, whose exit would terminate the rest. It waits for its input.
	cmd.Args = []string{"sh", "-c", `"$0" 3>&3 </dev/null; echo $?; exec 3>&-; read -r line`, cmd.Path}
	cmd.Path = "/bin/sh"
	cmd.ExtraFiles = append(cmd.ExtraFiles, hold) // all descendants inherit it
	ptytest.Control(cmd, tty)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	hold.Close()
	if err := held.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(held); err != nil {
		t.Errorf("a descendant of the child is still running: %v", err)
	}
	in.Close()
	_ = cmd.Wait() // checked via the output
	if out.String() != "100\n" {
		t.Errorf("exit code %q", out.String())
	}
}

// A descendant in a separate process group, such as a child of another instance of this program, is killed as well.
func TestOtherGroupIsKilled(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("setsid is not installed")
	}
	held, hold, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	cmd := process(t, "setsid sh -c 'sleep 600; true' & sleep 600", "SUBPROCESS_TEST_TIMEOUT=500ms")
	cmd.ExtraFiles = append(cmd.ExtraFiles, hold) // all descendants inherit it
	if err := cmd.Run(); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 100 {
		t.Fatal(err)
	}
	hold.Close()
	if err := held.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(held); err != nil {
		t.Errorf("a descendant of the child is still running: %v", err)
	}
}
