//go:build unix

package fastpath

import (
	"syscall"
	"time"

	"ecrlogin/internal/store"
)

// lead locks a file if no other process holds the lock, and returns a function that unlocks it; the lock also ends
// with the process. Otherwise lead waits until the lock is released or longest has passed, and returns waited as
// true. It uses the locks of package cache.
func lead(s *store.Store, path string, longest time.Duration) (waited bool, unlock func()) {
	f, err := s.OpenLock(path)
	if err != nil {
		return false, nil
	}
	fd := int(f.Fd())
	if err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
		if !s.Locks(f, path) { // the file was removed before it was locked; package cache locks the new one
			f.Close()
			return false, nil
		}
		return false, func() { f.Close() }
	}
	done := make(chan struct{})
	go func() {
		_ = syscall.Flock(fd, syscall.LOCK_SH) // shared, so that all waiting processes continue at once
		f.Close()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(longest):
	}
	return true, nil
}
