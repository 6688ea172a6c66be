package atomicfile

import (
	"os"
	"runtime"
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
