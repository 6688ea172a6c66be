// Package filelock locks open files. The kernel releases these locks when their holder exits for any reason, so no
// process waits for a dead one.
//
// It takes files rather than paths, so that the caller decides how to open them.
package filelock

import (
	"context"
	"errors"
	"os"
)

// Lock locks a file exclusively. It waits for other holders, without polling, until the context is done. Closing the
// file releases the lock; Lock closes the file if it returns an error.
func Lock(ctx context.Context, f *os.File) error { return wait(ctx, f, exclusive) }

// LockShared is like Lock, but other processes can hold a shared lock at the same time.
func LockShared(ctx context.Context, f *os.File) error { return wait(ctx, f, shared) }

// TryLock locks a file exclusively, if it is not locked; ok reports whether it did.
func TryLock(f *os.File) (ok bool, err error) {
	err = lock(f, exclusive|nonBlocking)
	if errors.Is(err, errLocked) {
		return false, nil
	}
	return err == nil, err
}

func wait(ctx context.Context, f *os.File, mode int) error {
	locked := make(chan error, 1)
	go func() { locked <- lock(f, mode) }()
	select {
	case err := <-locked:
		if err != nil {
			f.Close()
		}
		return err
	case <-ctx.Done():
		go func() { // release the lock if it is acquired later
			<-locked
			f.Close()
		}()
		return ctx.Err()
	}
}
