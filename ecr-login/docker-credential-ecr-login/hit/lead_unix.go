//go:build unix

package hit

import (
	"syscall"
	"time"
)

// lead locks a file if nobody else has it locked, and returns how to unlock it, which the end of the process does too. Otherwise it
// waits until that one lets go of it, or longest has passed. These are the locks of package cache; its library is initialised too
// late.
func lead(path string, longest time.Duration) (waited bool, unlock func()) {
	fd, err := syscall.Open(path, syscall.O_CREAT|syscall.O_RDWR|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return false, nil
	}
	if err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
		if !isAt(fd, path) { // the file was swept before it was locked; package cache locks the next one
			syscall.Close(fd)
			return false, nil
		}
		return false, func() { syscall.Close(fd) }
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
	return true, nil
}

// isAt reports whether a locked file is still the one at its path, where others look for it.
func isAt(fd int, path string) bool {
	var locked, there syscall.Stat_t
	return syscall.Fstat(fd, &locked) == nil && syscall.Lstat(path, &there) == nil && locked.Dev == there.Dev && locked.Ino == there.Ino
}
