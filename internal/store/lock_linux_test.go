package store

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// If the lock file is removed while a process waits, the process locks the new file.
func TestLockOfRemovedFile(t *testing.T) {
	s, err := Create(filepath.Join(t.TempDir(), "cache"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	path := s.LockPaths("x", Login)[0]
	lock := func() (unlock func()) {
		unlock, err := s.Lock(t.Context(), path)
		if err != nil {
			t.Error(err)
		}
		return unlock
	}
	first := lock()
	waiter := make(chan func())
	go func() { waiter <- lock() }()
	opened(t, path, 2)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	second := lock()
	first()
	if _, ok := s.TryLock(path); ok {
		t.Error("the lock is held twice")
	}
	second()
	unlock := <-waiter
	if _, ok := s.TryLock(path); ok {
		t.Error("the lock is held twice, once by the process that waited")
	}
	unlock()
	if unlock, ok := s.TryLock(path); ok {
		unlock()
	} else {
		t.Error("a released lock is not available")
	}
}

// opened waits until this process has a file open the given number of times.
func opened(t *testing.T, path string, times int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		open, _ := filepath.Glob("/proc/self/fd/*")
		n := 0
		for _, fd := range open {
			if target, _ := os.Readlink(fd); target == path {
				n++
			}
		}
		if n == times {
			return
		}
	}
	t.Fatalf("%s was not opened %d times", path, times)
}
