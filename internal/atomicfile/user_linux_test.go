package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
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
}

// TestAsUserWithoutCapabilities checks that work has no capabilities that permit access to files, also in a process
// whose capabilities do not follow its user IDs.
func TestAsUserWithoutCapabilities(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("requires root")
	}
	const prSetSecurebits, noSetuidFixup, child = 28, 4, "TEST_NO_SETUID_FIXUP"
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.WriteFile(closed, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if !asUser(12345, func() {
		status, err := os.ReadFile("/proc/thread-self/status")
		if !strings.Contains(string(status), "CapEff:\t0000000000000040\n") { // CAP_SETGID
			t.Errorf("capabilities: %s, %v", status, err)
		}
		if _, err := os.ReadFile(closed); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("reading a file of root: %v", err)
		}
	}) {
		t.Error("work did not run")
	}
	if os.Getenv(child) != "" {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // until its end
		if _, _, err := syscall.RawSyscall(syscall.SYS_PRCTL, prSetSecurebits, noSetuidFixup, 0); err != 0 {
			t.Errorf("cannot set the secure bits: %v", err)
			return
		}
		cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), child+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}()
	<-done
}
