// Package filelock locks open files. The kernel drops these locks when their holder ends, however that happens, so nobody waits
// for a dead process.
//
// It takes files rather than paths, so that the caller decides how they are opened.
package filelock

import (
	"context"
	"os"
)

// Lock locks a file for this process alone. It waits for others in the kernel, which wakes one waiter after another with none
// of them polling, until the context is done. The lock ends when the file is closed; Lock closes it if it returns an error.
func Lock(ctx context.Context, f *os.File) error {
	locked := make(chan error, 1)
	go func() { locked <- lock(f) }()
	select {
	case err := <-locked:
		if err != nil {
			f.Close()
		}
		return err
	case <-ctx.Done():
		go func() { // the caller has no use for a lock that comes later
			<-locked
			f.Close()
		}()
		return ctx.Err()
	}
}

// TryLock locks a file for this process alone, if no other has locked it.
func TryLock(f *os.File) (ok bool, err error) { return tryLock(f) }
