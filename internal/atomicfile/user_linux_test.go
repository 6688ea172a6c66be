package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestAsUser checks that work has the rights of the user and no groups, and that no other goroutine gets these rights.
func TestAsUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("requires root")
	}
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			ok := asUser(12345, func() {
				groups, err := syscall.Getgroups()
				if user() != 12345 || asRoot() || len(groups) != 0 || err != nil {
					t.Errorf("user %d with groups %v, %v", user(), groups, err)
				}
				runtime.Gosched()
				var other sync.WaitGroup
				other.Go(func() {
					if user() != 0 {
						t.Errorf("another goroutine has the rights of user %d", user())
					}
				})
				other.Wait()
			})
			if !ok || user() != 0 {
				t.Errorf("%v, and then user %d", ok, user())
			}
		})
	}
	all.Wait()
	for began := time.Now(); threadsOf(t, 12345) > 0; runtime.Gosched() {
		if time.Since(began) > time.Minute {
			t.Fatalf("%d threads still have the rights of the user", threadsOf(t, 12345))
		}
	}
}

// threadsOf returns how many threads have the file system rights of a user. It does not count the main thread, which Go
// does not end, but never uses again.
func threadsOf(t *testing.T, uid int) (n int) {
	t.Helper()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		status, _ := os.ReadFile(filepath.Join("/proc/self/task", thread.Name(), "status")) // it may have ended
		if strings.Contains(string(status), fmt.Sprintf("\nUid:\t0\t0\t0\t%d\n", uid)) && thread.Name() != fmt.Sprint(os.Getpid()) {
			n++
		}
	}
	return n
}

// TestAsUserWithoutCapabilities checks that work has no capabilities that permit access to files, also in a process
// whose capabilities do not follow its user IDs. In a process that cannot change its IDs, work does not run.
func TestAsUserWithoutCapabilities(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("requires root")
	}
	const child = "TEST_PROCESS"
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.WriteFile(closed, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ran := asUser(12345, func() {
		status, err := os.ReadFile("/proc/thread-self/status")
		if !strings.Contains(string(status), "CapEff:\t0000000000000040\n") { // CAP_SETGID
			t.Errorf("capabilities: %s, %v", status, err)
		}
		if _, err := os.ReadFile(closed); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("reading a file of root: %v", err)
		}
	})
	process := os.Getenv(child)
	if want := !strings.HasPrefix(process, "without"); ran != want || user() != 0 {
		t.Errorf("work ran: %v, want %v; user %d", ran, want, user())
	}
	if process != "" {
		return
	}
	const setSecurebits, dropBounding = 28, 24 // options of prctl(2)
	for process, prctl := range map[string][2]uintptr{
		"with SECBIT_NO_SETUID_FIXUP": {setSecurebits, 4},
		"without CAP_SETGID":          {dropBounding, 6},
		"without CAP_SETUID":          {dropBounding, 7},
	} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			runtime.LockOSThread() // until its end
			if _, _, err := syscall.RawSyscall(syscall.SYS_PRCTL, prctl[0], prctl[1], 0); err != 0 {
				t.Errorf("%s: %v", process, err)
				return
			}
			cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$")
			cmd.Env = append(os.Environ(), child+"="+process)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", process, err, out)
			}
		}()
		<-done
	}
}
