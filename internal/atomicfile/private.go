package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"ecrlogin/internal/rawfile"
)

// OpenPrivate opens a directory that only this user writes to. The error wraps fs.ErrNotExist if it does not exist. It
// is an UnsafeError if the directory is a link, belongs to another user or can be written to by others, and for root
// also if a parent directory or a link on the way belongs to another user, who could replace it.
func OpenPrivate(path string) (*os.Root, error) { return private(path, 0) }

// MakePrivate is like OpenPrivate, but creates the directory and its parents if they do not exist.
func MakePrivate(path string) (*os.Root, error) { return private(path, 0o700) }

func private(path string, mode fs.FileMode) (*os.Root, error) {
	clean, ok := Clean(path)
	if !ok {
		return nil, &UnsafeError{path, "is a relative path"}
	}
	p := Place{walk: walk{at: clean, keepLink: true}}
	fixed := false // whether all of the path exists, and no other user can change it
	if asRoot() {
		if err := p.start(clean, p.visit); err != nil {
			return nil, err
		}
		fixed = p.err == nil && !p.public
	}
	info, err := p.info, p.err
	if !fixed {
		info, err = os.Lstat(p.at)
	}
	switch {
	case mode == 0 && errors.Is(err, syscall.ENOTDIR): // below a file
		err = fs.ErrNotExist
	case mode != 0 && errors.Is(err, fs.ErrNotExist):
		dir, failed := p.makeDir(p.at, mode)
		if failed != nil {
			return nil, failed
		}
		dir.Close()
		info, err = os.Lstat(p.at)
	}
	if err != nil {
		return nil, err
	}
	if err := Private(clean, info); err != nil {
		return nil, err
	}
	var dir *os.Root
	if fixed {
		dir, err = openRoot(p.at)
	} else {
		dir, err = p.makeDir(p.at, 0)
	}
	if err != nil {
		return nil, err
	}
	if opened, err := dir.Stat("."); err != nil || !os.SameFile(info, opened) {
		dir.Close()
		return nil, &UnsafeError{clean, "was replaced while it was opened"}
	}
	return dir, nil
}

// ReadPrivate reads a file of a private directory, of at most longest bytes. The error is an UnsafeError if the file is
// not a regular file, belongs to another user or can be written to by others.
func ReadPrivate(dir *os.Root, name string, longest int64) ([]byte, error) {
	there, err := dir.Lstat(name)
	if err != nil {
		return nil, err
	}
	if there.Size() <= longest && Private(name, there) == nil {
		if b, ok := rawfile.ReadSame(dir.Name()+"/"+name, there); ok && int64(len(b)) <= longest {
			return b, nil
		}
	}
	f, info, err := openRegular(dir, name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := Private(name, info); err != nil {
		return nil, err
	}
	if info.Size() > longest {
		return nil, errors.New("larger than the limit")
	}
	b := make([]byte, info.Size())
	n, err := f.ReadAt(b, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	return b[:n], nil
}

// Foreign reports whether an absolute path leads root via a directory or link of another user, where root should not
// store files of its own.
func Foreign(path string) bool {
	clean, ok := Clean(path)
	if !ok || !asRoot() {
		return false
	}
	var p Place
	_ = p.start(clean, p.visit) // other errors are reported when the path is used
	return p.foreign != ""
}
