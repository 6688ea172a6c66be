//go:build unix

package nativehelper_test

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ecrlogin/internal/nativehelper"
)

// patience is much longer than any test step takes and much shorter than the processes that must be stopped run.
const patience = 20 * time.Second

// A held is the read end of a pipe whose write end is open in each running process of a helper.
type held struct {
	t          *testing.T
	read, hold *os.File
}

func hold(t *testing.T) held {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return held{t, r, w}
}

// text returns the content of the pipe after all processes have closed it.
func (h held) text() string {
	h.t.Helper()
	h.hold.Close()
	if err := h.read.SetReadDeadline(time.Now().Add(patience)); err != nil {
		h.t.Fatal(err)
	}
	text, err := io.ReadAll(h.read)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		h.t.Error("a process that the helper started is still running")
	}
	return string(text)
}

// A helper that does not respond is stopped together with all processes that it has started.
func TestSlow(t *testing.T) {
	install(t, "foo", "sleep 600 & sleep 600")
	const slow = ": docker-credential-foo did not respond to ACTION within 200ms and was stopped; check whether its keychain is locked and waits for input, or increase timeout or ECR_LOGIN_TIMEOUT"
	for action, want := range map[string]outcome{
		"get":   both(1, host+": no password found"+strings.Replace(slow, "ACTION", "get", 1)),
		"store": both(1, host+": password not stored"+strings.Replace(slow, "ACTION", "store", 1)),
		"erase": {err: host + ": password not erased" + strings.Replace(slow, "ACTION", "erase", 1) + "\n"},
	} {
		input := host
		if action == "store" {
			input = stored
		}
		errOut := hold(t)
		cmd := daemon(t, "foo", action, input)
		cmd.Env = append(cmd.Env, "NATIVEHELPER_TEST_TIMEOUT=200ms")
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, errOut.hold
		if err := cmd.Run(); cmd.ProcessState == nil {
			t.Fatal(err)
		}
		expect(t, outcome{out.String(), errOut.text(), cmd.ProcessState.ExitCode()}, want)
	}
}

// A process that a helper leaves behind with its output open does not delay the call.
func TestGrandchildHoldsOutput(t *testing.T) {
	dir := install(t, "foo", `sleep 600 & echo $! >"$DIR/pid"; echo '`+answer+"'")
	began := time.Now()
	expect(t, relay(nativehelper.Helper{Name: "foo"}, "get", host), outcome{out: answer + "\n"})
	if took := time.Since(began); took > patience {
		t.Errorf("it took %s", took)
	}
	end(t, filepath.Join(dir, "pid"))
}

// It does not keep the standard error of the client open either, which many clients read to its end.
func TestGrandchildHoldsStderr(t *testing.T) {
	dir := install(t, "foo", `sleep 600 & echo $! >"$DIR/pid"; echo warning >&2; echo '`+answer+"'")
	errOut := hold(t)
	cmd := daemon(t, "foo", "get", host)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, errOut.hold
	if err := cmd.Run(); err != nil {
		t.Error(err)
	}
	expect(t, outcome{out.String(), errOut.text(), 0}, outcome{answer + "\n", "warning\n", 0})
	end(t, filepath.Join(dir, "pid"))
}

// A process that has left the process group and the parent of the helper does not delay the call either.
func TestGrandchildOfSlow(t *testing.T) {
	if _, err := os.Stat("/usr/bin/setsid"); err != nil {
		t.Skip("setsid is not installed")
	}
	dir := install(t, "foo", `(setsid sh -c 'echo $$ >"$0/pid.new"; mv "$0/pid.new" "$0/pid"; exec sleep 600' "$DIR" &); sleep 600`)
	began := time.Now()
	got := relay(nativehelper.Helper{Name: "foo", Timeout: 300 * time.Millisecond}, "get", host)
	if took := time.Since(began); took > patience || got.exit != 1 || !strings.Contains(got.out, "within 300ms") {
		t.Errorf("after %s: %v", took, got)
	}
	end(t, filepath.Join(dir, "pid"))
}

// end stops the process whose ID is in a file.
func end(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pid := 0
	for _, digit := range strings.TrimSpace(string(text)) {
		pid = 10*pid + int(digit-'0')
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Error(err)
	}
}

// A helper that prints without end is stopped, and its output is not shown.
func TestTooMuch(t *testing.T) {
	want := both(1, host+": no password found: docker-credential-foo printed more than 1048576 bytes in response to get and was stopped; run it manually, or change "+named)
	for name, script := range map[string]string{
		"endless":          "exec cat /dev/zero",
		"much":             "head -c 10000000 /dev/zero",
		"much, then waits": "head -c 1048577 /dev/zero; sleep 600",
		"a long answer":    `printf '{"Secret":"'; head -c 1048576 /dev/zero | tr '\0' x; echo '"}'`,
		"much and a child": "sleep 600 & head -c 10000000 /dev/zero; exit 3",
	} {
		t.Run(name, func(t *testing.T) {
			install(t, "foo", script)
			errOut := hold(t)
			cmd := daemon(t, "foo", "get", host)
			var out strings.Builder
			cmd.Stdout, cmd.Stderr = &out, errOut.hold
			if err := cmd.Run(); cmd.ProcessState == nil {
				t.Fatal(err)
			}
			expect(t, outcome{out.String(), errOut.text(), cmd.ProcessState.ExitCode()}, want)
		})
	}
	t.Run("just below the limit", func(t *testing.T) {
		install(t, "foo", `printf '{"Secret":"'; head -c 1048563 /dev/zero | tr '\0' x; printf '"}'`)
		got := relay(nativehelper.Helper{Name: "foo"}, "get", host)
		if len(got.out) != 1<<20 || got.exit != 0 || got.err != "" {
			t.Errorf("exit code %d, %d bytes, stderr %q", got.exit, len(got.out), got.err)
		}
	})
}

func TestSignaled(t *testing.T) {
	for sig, name := range map[string]string{"KILL": "killed", "SEGV": "segmentation fault", "TERM": "terminated"} {
		install(t, "foo", "echo '"+answer+"'; kill -"+sig+" $$")
		got := relay(nativehelper.Helper{Name: "foo"}, "get", host)
		expect(t, got, both(1, host+": no password found: docker-credential-foo was terminated by a signal ("+name+") during get; run it manually"))
	}
}

// doNotIgnore makes child processes not ignore a signal, which they would ignore if this test ignores it, because it
// runs under nohup or in the background of a shell. What this process handles has its default effect in a child.
func doNotIgnore(t *testing.T, sig os.Signal) {
	t.Helper()
	handled := make(chan os.Signal, 1)
	signal.Notify(handled, sig)
	t.Cleanup(func() { signal.Stop(handled) })
}

// A signal that stops the program also stops the helper, which does not receive the signal itself.
func TestProgramSignaled(t *testing.T) {
	all := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}
	for _, sig := range all {
		doNotIgnore(t, sig)
	}
	for _, sig := range all {
		install(t, "foo", "echo asking >&2; sleep 600 & sleep 600")
		errOut := hold(t)
		cmd := daemon(t, "foo", "get", host)
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, errOut.hold
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(errOut.read, make([]byte, len("asking\n"))); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // the exit code is checked below
		want := both(1, host+": no password found: docker-credential-foo was stopped together with this process ("+sig.String()+" signal received); try again")
		expect(t, outcome{out.String(), errOut.text(), cmd.ProcessState.ExitCode()}, want)
	}
}

// A helper does not have to read its input.
func TestInputUnread(t *testing.T) {
	big := `{"ServerURL":"` + host + `","Username":"ann","Secret":"` + strings.Repeat(secret, 20000) + `"}`
	for name, script := range map[string]string{"closed": "exec <&-; echo stored", "left": "echo stored", "read in part": "head -c 10 >/dev/null; echo stored"} {
		install(t, "foo", script)
		t.Run(name, func(t *testing.T) {
			expect(t, relay(nativehelper.Helper{Name: "foo"}, "store", big), outcome{out: "stored\n"})
		})
	}
	dir := install(t, "foo", `cat >"$DIR/input"; exit 8`)
	expect(t, relay(nativehelper.Helper{Name: "foo"}, "store", big), outcome{exit: 8})
	if got, err := os.ReadFile(filepath.Join(dir, "input")); err != nil || string(got) != big {
		t.Errorf("%d bytes arrived of %d, %v", len(got), len(big), err)
	}
}

func TestCannotBeRun(t *testing.T) {
	dir := install(t, "foo", "")
	path := filepath.Join(dir, "docker-credential-foo")
	if err := os.WriteFile(path, []byte("#!/absent/interpreter\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	expect(t, relay(nativehelper.Helper{Name: "foo"}, "get", host),
		both(1, host+": no password found: docker-credential-foo cannot be run: fork/exec "+path+": no such file or directory; reinstall it, or change "+named))
}
