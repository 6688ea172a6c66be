package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
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
	p := Place{walk: walk{at: clean}}
	if asRoot() {
		if err := p.resolve(cut(clean)); err != nil {
			return nil, err
		}
	} else {
		p.info, p.err = os.Lstat(clean)
	}
	dir, err := p.openPrivate(clean, mode)
	if err != nil {
		return nil, err
	}
	if err := p.isPrivate(clean, dir); err != nil {
		dir.Close()
		return nil, err
	}
	return dir, nil
}

func (p *Place) openPrivate(path string, mode fs.FileMode) (*os.Root, error) {
	switch {
	case p.err == nil:
		if err := Private(path, p.info); err != nil {
			return nil, err
		}
		return openRoot(p.at, p.info)
	case mode != 0:
		dir, err := p.makeDir(p.at, mode)
		p.info, p.err = os.Lstat(p.at)
		return dir, err
	case errors.Is(p.err, syscall.ENOTDIR): // below a file
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return nil, p.err
}

// isPrivate returns an error unless an open directory is private, and the one at the place rather than the target of a
// link that has replaced it.
func (p *Place) isPrivate(path string, dir *os.Root) error {
	info, err := dir.Stat(".")
	switch {
	case err != nil:
		return err
	case p.err != nil:
		return p.err
	case !os.SameFile(p.info, info):
		return &UnsafeError{path, "was replaced while it was opened"}
	}
	return Private(path, info)
}

// ReadPrivate reads a file of a private directory, of at most longest bytes. The error is an UnsafeError if the file is
// not a regular file, belongs to another user or can be written to by others.
func ReadPrivate(dir *os.Root, name string, longest int64) ([]byte, error) {
	f, info, err := openRegular(dir, name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := Private(name, info); err != nil {
		return nil, err
	}
	if info.Size() > longest {
		return nil, errors.New("larger than any such file")
	}
	b := make([]byte, info.Size())
	n, err := io.ReadFull(f, b)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return b[:n], nil
}

// Foreign reports whether an absolute path leads root via a directory or link of another user, where root should not
// store files of its own.
func Foreign(path string) bool {
	clean, ok := Clean(path)
	if !ok {
		return false
	}
	var p Place
	_ = p.resolve(clean, "") // other errors are reported when the path is used
	return p.foreign != ""
}
