//go:build unix

package hit

import (
	"syscall"
	"time"
)

// lead locks a file and keeps it locked until the process ends, if nobody else has it locked. Otherwise it waits until that
// one lets go of it, or longest has passed. These are the locks of package cache; its library is initialised too late.
func lead(path string, longest time.Duration) (waited, locked bool) {
	fd, err := syscall.Open(path, syscall.O_CREAT|syscall.O_RDWR|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return false, false
	}
	if err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
		return false, true
	}
	done := make(chan struct{})
	go func() {
		_ = syscall.Flock(fd, syscall.LOCK_SH) // all who wait go on together
		syscall.Close(fd)
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(longest):
	}
	return true, false
}
