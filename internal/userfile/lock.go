package userfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"ecrlogin/internal/atomicfile"
	"ecrlogin/internal/filelock"
)

// Lock locks a file for those who write others by agreement, until unlock is called. The file and its directory are created
// if they do not exist, for their owner alone. Lock waits for other writers until the context is done.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	p, err := beside(path)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	dir, err := p.MakeDir(0o700)
	if err != nil {
		return nil, unlocked(path, err)
	}
	for {
		f, err := atomicfile.OpenLock(dir, p.Name())
		if err == nil {
			err = filelock.Lock(ctx, f)
		}
		if err != nil {
			return nil, unlocked(path, err)
		}
		locked, err := f.Stat()
		named, nameErr := dir.Lstat(p.Name())
		if err == nil && nameErr == nil && os.SameFile(locked, named) {
			return func() { f.Close() }, nil
		}
		f.Close() // it was removed, and others lock another one by now
	}
}

func unlocked(path string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: is locked by another process, so nothing was written; try again", path)
	}
	var unsafe *atomicfile.UnsafeError
	if errors.As(err, &unsafe) && unsafe.Path == filepath.Base(path) {
		return fmt.Errorf("%s: cannot be locked, so nothing was written: it %s; remove it", path, unsafe.Reason)
	}
	return failure(path, "cannot be locked, so nothing was written", err, "see who owns it, or remove it")
}
