//go:build unix

package nativehelper_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"ecrlogin/internal/nativehelper"
)

// again returns a shell command that clears the environment and runs this program, which runs the helper NAME.
func again(t *testing.T, name string, env ...string) string {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return `env -i PATH="$PATH" ` + relayed + "=" + name + " " + strings.Join(env, " ") + " '" + own + `' "$1"`
}

// record is the start of a helper script that records each run. It stops a loop that nothing else stops.
const record = `echo run >>"$DIR/runs"; test $(wc -l <"$DIR/runs") -lt 100 || exit 9; `

// runs returns the number of runs of a helper.
func runs(t *testing.T, dir string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "runs"))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(b, []byte("\n"))
}

// A helper that clears the environment does not bypass the check: it is run once.
func TestLoopWithClearedEnvironment(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("requires /proc; see TestLoopWithoutProc")
	}
	for name, script := range map[string]string{
		"exec":    "exec %s",
		"child":   "%s; exit",
		"pipe":    "cat | %s | cat",
		"session": "setsid -w %s",
		"bomb":    "%[1]s & %[1]s & %[1]s & wait; echo no; exit 1",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath("setsid"); err != nil && name == "session" {
				t.Skip("setsid is not installed")
			}
			dir := install(t, "a", record+fmt.Sprintf(script, again(t, "a")))
			got := run(t, daemon(t, "a", "get", host))
			const loop = "no password found: fallback loop: docker-credential-a was not run, because ecr-login was started by a helper that ecr-login is waiting for; change " +
				named + ", or what that helper runs\n"
			if got.exit == 0 && name != "pipe" || !strings.Contains(got.err, loop) {
				t.Errorf("%v\nwant stderr %q", got, loop)
			}
			if n := runs(t, dir); n != 1 {
				t.Errorf("the helper ran %d times", n)
			}
		})
	}
}

// Without a visible ancestry, a loop ends when all slots are taken.
func TestLoopWithoutProc(t *testing.T) {
	slots := filepath.Join(t.TempDir(), "slots")
	dir := install(t, "a", record+again(t, "a", "NATIVEHELPER_TEST_TIMEOUT=3s", "NATIVEHELPER_TEST_SLOTS="+slots)+"; exit 1")
	cmd := daemon(t, "a", "get", host)
	cmd.Env = append(cmd.Env, "NATIVEHELPER_TEST_TIMEOUT=3s", "NATIVEHELPER_TEST_SLOTS="+slots)
	got := run(t, cmd)
	if n := runs(t, dir); n < 2 || n > nativehelper.Slots || got.exit == 0 {
		t.Errorf("the helper ran %d times: %v", n, got)
	}
}

// Without a visible ancestry, more calls than slots wait for each other, and all succeed.
func TestManyWithoutProc(t *testing.T) {
	slots := filepath.Join(t.TempDir(), "slots")
	install(t, "a", "sleep 0.05; echo '"+answer+"'")
	var wait sync.WaitGroup
	for range 3 * nativehelper.Slots {
		wait.Go(func() {
			cmd := daemon(t, "a", "get", host)
			cmd.Env = append(cmd.Env, "NATIVEHELPER_TEST_SLOTS="+slots)
			expect(t, run(t, cmd), outcome{out: answer + "\n"})
		})
	}
	wait.Wait()
}

// A process can run several helpers at once. Its name is restored afterwards.
func TestNameIsRestored(t *testing.T) {
	before, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Skip("processes have no names in /proc: ", err)
	}
	for _, name := range []string{"a", "b"} {
		install(t, name, `cat /proc/$PPID/comm >&2; echo '`+answer+"'")
	}
	var wait sync.WaitGroup
	for _, name := range []string{"a", "b", "a", "b"} {
		wait.Go(func() {
			expect(t, relay(nativehelper.Helper{Name: name}, "get", host), outcome{out: answer + "\n", err: "ecr-login waits\n"})
		})
	}
	wait.Wait()
	if after, err := os.ReadFile("/proc/self/comm"); string(after) != string(before) || err != nil {
		t.Errorf("the name is %q, was %q, %v", after, before, err)
	}
}
