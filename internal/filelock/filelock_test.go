package filelock_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"ecrlogin/internal/filelock"
)

// opener returns a function that opens the same file each time.
func opener(t *testing.T) func() *os.File {
	path := filepath.Join(t.TempDir(), "lock")
	return func() *os.File {
		t.Helper()
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
}

func TestLock(t *testing.T) {
	open := opener(t)
	first, second := open(), open()
	if err := filelock.Lock(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if ok, err := filelock.TryLock(second); ok || err != nil {
		t.Errorf("locked twice: %v, %v", ok, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := filelock.Lock(ctx, open()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	waited := make(chan error)
	go func() { waited <- filelock.Lock(t.Context(), second) }()
	first.Close()
	if err := <-waited; err != nil {
		t.Errorf("the next one: %v", err)
	}
	if ok, err := filelock.TryLock(open()); ok || err != nil {
		t.Errorf("locked twice: %v, %v", ok, err)
	}
	second.Close()
	// The canceled Lock may acquire the lock for a moment, so TryLock could fail here.
	if err := filelock.Lock(t.Context(), open()); err != nil {
		t.Errorf("after the release: %v", err)
	}
}

// Shared locks do not exclude each other, only exclusive locks.
func TestLockShared(t *testing.T) {
	open := opener(t)
	first := open()
	if err := filelock.Lock(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	shared := []*os.File{open(), open()}
	waited := make(chan error)
	for _, f := range shared {
		go func() { waited <- filelock.LockShared(t.Context(), f) }()
	}
	first.Close()
	for range shared {
		if err := <-waited; err != nil {
			t.Error(err)
		}
	}
	if ok, err := filelock.TryLock(open()); ok || err != nil {
		t.Errorf("locked exclusively during a shared lock: %v, %v", ok, err)
	}
}
