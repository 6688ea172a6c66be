package userfile

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/atomicfile"
	"ecrlogin/internal/filelock"
)

// Remove removes a file or link. It is not an error if it does not exist.
func Remove(path string) error {
	return at(path, true, func(p *atomicfile.Place) error {
		if _, err := p.Stat(); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return remove(path, p)
	})
}

func remove(path string, p *atomicfile.Place) error {
	dir, err := p.MakeDir(0)
	if err == nil {
		err = dir.Remove(p.Name())
	}
	if err != nil {
		return failure(path, "cannot be removed", err, "check the owner and mode of its directory")
	}
	return nil
}

// Lock locks a file until unlock is called. Processes that write another file use it to exclude each other. Lock
// creates the file and its directory, for their owner only, if they do not exist. It waits for other processes until
// the context is done.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	err = at(path, true, func(p *atomicfile.Place) error {
		unlock, err = lock(ctx, p)
		switch unsafe := new(atomicfile.UnsafeError); {
		case err == nil:
			return nil
		case errors.Is(err, context.DeadlineExceeded):
			return advice.Errorf("%s: is locked by another process, so nothing was written", path).Then("try again")
		case errors.As(err, &unsafe) && unsafe.Path == p.Name():
			return advice.Errorf("%s: cannot be locked, so nothing was written: it %s", path, unsafe.Reason).
				Then("remove it")
		}
		return failure(path, "cannot be locked, so nothing was written", err, "check its owner, or remove it")
	})
	return unlock, err
}

func lock(ctx context.Context, p *atomicfile.Place) (unlock func(), err error) {
	dir, err := p.MakeDir(0o700)
	if err != nil {
		return nil, err
	}
	for {
		f, err := atomicfile.OpenLock(dir, p.Name())
		if err == nil {
			err = filelock.Lock(ctx, f)
		}
		if err != nil {
			return nil, err
		}
		locked, err := f.Stat()
		named, nameErr := dir.Lstat(p.Name())
		if err == nil && nameErr == nil && os.SameFile(locked, named) {
			return func() { f.Close() }, nil
		}
		f.Close() // another process removed it, so that others lock a new file
	}
}
