//go:build unix

package hit

import (
	"syscall"
	"time"

	"ecrlogin/cache/store"
)

// lead locks a file if nobody else has it locked, and returns how to unlock it, which the end of the process does too. Otherwise it
// waits until that one lets go of it, or longest has passed. These are the locks of package cache.
func lead(s *store.Store, path string, longest time.Duration) (waited bool, unlock func()) {
	f, err := s.OpenLock(path)
	if err != nil {
		return false, nil
	}
	fd := int(f.Fd())
	if err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
		if !s.Locks(f, path) { // the file was swept before it was locked; package cache locks the next one
			f.Close()
			return false, nil
		}
		return false, func() { f.Close() }
	}
	done := make(chan struct{})
	go func() {
		_ = syscall.Flock(fd, syscall.LOCK_SH) // all who wait go on together
		f.Close()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(longest):
	}
	return true, nil
}
