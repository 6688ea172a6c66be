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
		if !isAt(fd, path) { // the file was swept before it was locked; package cache locks the next one
			syscall.Close(fd)
			return false, false
		}
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

// isAt reports whether a locked file is still the one at its path, where others look for it.
func isAt(fd int, path string) bool {
	var locked, there syscall.Stat_t
	return syscall.Fstat(fd, &locked) == nil && syscall.Lstat(path, &there) == nil && locked.Dev == there.Dev && locked.Ino == there.Ino
}
