//go:build unix

package subprocess_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ecrlogin/internal/subprocess"
)

// patience is much longer than any test takes, and much shorter than the sleep of the processes to be killed.
const patience = 20 * time.Second

// script is the variable that makes the test binary run a shell script as a Command.
const script = "SUBPROCESS_TEST_SCRIPT"

func TestMain(m *testing.M) {
	if text := os.Getenv(script); text != "" {
		runScript(text)
	}
	os.Exit(m.Run())
}

// runScript prints the output of a script, and the error on standard error.
func runScript(text string) {
	ctx := context.Background()
	if timeout, err := time.ParseDuration(os.Getenv("SUBPROCESS_TEST_TIMEOUT")); err == nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	r, err := subprocess.Command{Path: "/bin/sh", Args: []string{"sh", "-c", text}, Stderr: os.Stderr}.Run(ctx)
	os.Stdout.Write(r.Stdout)
	if err != nil {
		os.Stderr.WriteString("error: " + err.Error())
		os.Exit(100)
	}
	os.Exit(r.ExitCode)
}

// A run is one of such a process, without a terminal.
type run struct {
	t      *testing.T
	cmd    *exec.Cmd
	out    bytes.Buffer
	errOut *os.File // the reading end of its standard error
}

// process returns a process that will run a script.
func process(t *testing.T, text string, env ...string) *exec.Cmd {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), own)
	cmd.Env = append(append(os.Environ(), script+"="+text, "GORACE=atexit_sleep_ms=0"), env...) // otherwise the race detector waits a second at exit
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

// start starts a process that runs a script. Its standard error is a pipe, as with clients.
func start(t *testing.T, text string, env ...string) *run {
	t.Helper()
	r := &run{t: t, cmd: process(t, text, env...)}
	errOut, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { errOut.Close() })
	r.errOut, r.cmd.Stdout, r.cmd.Stderr = errOut, &r.out, write
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	return r
}

// outcome returns what a client receives. It fails the test if standard error is still open long after the end.
func (r *run) outcome() (out, errOut string, exit int) {
	r.t.Helper()
	if err := r.errOut.SetReadDeadline(time.Now().Add(patience)); err != nil {
		r.t.Fatal(err)
	}
	text, err := io.ReadAll(r.errOut)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		r.t.Error("a process that the child started still has standard error open")
	}
	_ = r.cmd.Wait() // the exit code is returned
	return r.out.String(), string(text), r.cmd.ProcessState.ExitCode()
}

func (r *run) expect(out, errOut string, exit int) {
	r.t.Helper()
	gotOut, gotErr, gotExit := r.outcome()
	if gotOut != out || gotErr != errOut || gotExit != exit {
		r.t.Errorf("got  exit code %d, stdout %.300q, stderr %.300q\nwant exit code %d, stdout %q, stderr %q", gotExit, gotOut, gotErr, exit, out, errOut)
	}
}

// await waits for a line on standard error.
func (r *run) await(line string) {
	r.t.Helper()
	got := make([]byte, len(line))
	if _, err := io.ReadFull(r.errOut, got); err != nil || string(got) != line {
		r.t.Fatalf("stderr %q, %v, want %q", got, err, line)
	}
}

func TestOutcome(t *testing.T) {
	start(t, `echo out; echo err >&2; exit 7`).expect("out\n", "err\n", 7)
}

// Standard error is passed on as it is written, rather than when the child exits.
func TestStderrIsLive(t *testing.T) {
	gate := filepath.Join(t.TempDir(), "gate")
	if err := syscall.Mkfifo(gate, 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, "echo code? >&2; cat "+gate)
	r.await("code?\n")
	if err := os.WriteFile(gate, []byte("123"), 0); err != nil {
		t.Fatal(err)
	}
	r.expect("123", "", 0)
}

// The whole group is killed at the deadline.
func TestDeadline(t *testing.T) {
	start(t, "sleep 600 & sleep 600", "SUBPROCESS_TEST_TIMEOUT=200ms").expect("", "error: did not finish in time", 100)
}

// A deadline that passed before the child starts is reported as ErrDeadline too.
func TestDeadlineBeforeStart(t *testing.T) {
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if _, err := (subprocess.Command{Path: "/bin/sh"}).Run(ctx); !errors.Is(err, subprocess.ErrDeadline) {
		t.Error(err)
	}
}

// A process that left the group and has lost its parent is not killed, but the client does not wait for it.
func TestLeftGroup(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("setsid is not installed")
	}
	pid := filepath.Join(t.TempDir(), "pid")
	leave := "(setsid sh -c 'echo $$ >" + pid + ".new; mv " + pid + ".new " + pid + "; echo >&2; exec sleep 600' &); "
	for name, tt := range map[string]struct {
		script, errOut string
		exit           int
	}{
		"at the deadline":   {leave + "sleep 600", "error: did not finish in time", 100},
		"after the child":   {leave + "while ! test -e " + pid + "; do sleep 0.01; done", "", 0},
		"at its own output": {leave + "cat /dev/zero", "error: printed too much output", 100},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, tt.script, "SUBPROCESS_TEST_TIMEOUT=5s")
			_, errOut, exit := r.outcome()
			if strings.TrimSpace(errOut) != tt.errOut || exit != tt.exit {
				t.Errorf("exit code %d, stderr %q", exit, errOut)
			}
			kill(t, pid)
		})
	}
}

// kill ends the process whose PID is in a file, if it was started.
func kill(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	pid, numErr := strconv.Atoi(strings.TrimSpace(string(text)))
	if err := errors.Join(err, numErr); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	os.Remove(path)
}

// A background process keeps neither the client's standard error nor the output open.
func TestBackground(t *testing.T) {
	pid := filepath.Join(t.TempDir(), "pid")
	r := start(t, "sleep 600 & echo $! >"+pid+"; echo done")
	r.expect("done\n", "", 0)
	kill(t, pid)
}

// Endless output is not read to its end, and its writer is killed.
func TestOutputLimit(t *testing.T) {
	for name, text := range map[string]string{
		"endless":           "exec cat /dev/zero",
		"endless child":     "cat /dev/zero",
		"in the background": "sleep 600 & head -c 10000000 /dev/zero; exit 3",
		"after the end":     "head -c 1048576 /dev/zero; (printf x; exec sleep 600) & exit 0",
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, text)
			r.expect("", "error: printed too much output", 100)
			if usage, ok := r.cmd.ProcessState.SysUsage().(*syscall.Rusage); ok && usage.Maxrss > 512<<20 {
				t.Errorf("this process used %d kB", usage.Maxrss)
			}
		})
	}
	start(t, "head -c 1048576 /dev/zero | tr '\\0' x").expect(strings.Repeat("x", subprocess.MaxOutput), "", 0)
}

// A termination signal to this process kills the child and its descendants.
func TestSignal(t *testing.T) {
	// A signal that is handled here is not ignored in a child, as it would be if this test ran under nohup, or in the
	// background of a shell.
	handled := make(chan os.Signal, 1)
	signal.Notify(handled, syscall.SIGHUP, syscall.SIGINT)
	defer signal.Stop(handled)
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM} {
		r := start(t, "echo asking >&2; sleep 600 & sleep 600")
		r.await("asking\n")
		if err := r.cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		r.expect("", "error: was stopped together with this process ("+sig.String()+" signal received)", 100)
	}
}

// A signal to the child alone is reported as ErrSignal.
func TestChildSignaled(t *testing.T) {
	start(t, "echo half; kill -SEGV $$").expect("", "error: was terminated by a signal (segmentation fault)", 100)
}

func TestCannotStart(t *testing.T) {
	_, err := subprocess.Command{Path: filepath.Join(t.TempDir(), "absent")}.Run(t.Context())
	if !errors.Is(err, subprocess.ErrStart) || !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := subprocess.Command{Path: "/bin/sh"}.Run(ctx)
	if !errors.Is(err, subprocess.ErrCanceled) || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// The argument vector and the environment are exactly those of the Command.
func TestArgsAndEnv(t *testing.T) {
	t.Setenv("SUBPROCESS_TEST_SECRET", "inherited")
	const show = `echo "$0 $# ${SUBPROCESS_TEST_SECRET:-} ${ONLY:-}"`
	for _, tt := range []struct {
		command subprocess.Command
		want    string
	}{
		{subprocess.Command{Args: []string{"other", "-c", show, "zero", "a", "b"}, Env: []string{"ONLY=this"}}, "zero 2  this\n"},
		{subprocess.Command{Args: []string{"other", "-c", show}, Env: []string{}}, "other 0  \n"},
		{subprocess.Command{Stdin: strings.NewReader(show)}, "/bin/sh 0 inherited \n"},
	} {
		tt.command.Path = "/bin/sh"
		got, err := tt.command.Run(t.Context())
		if err != nil || string(got.Stdout) != tt.want {
			t.Errorf("got %q, %v, want %q", got.Stdout, err, tt.want)
		}
	}
}

// Input that the child does not read, of any length, is not an error.
func TestUnreadInput(t *testing.T) {
	input := bytes.NewReader(make([]byte, 1<<20))
	got, err := subprocess.Command{Path: "/bin/sh", Args: []string{"sh", "-c", "exec <&-; echo done"}, Stdin: input}.Run(t.Context())
	if err != nil || string(got.Stdout) != "done\n" {
		t.Errorf("got %q, %v", got.Stdout, err)
	}
}
