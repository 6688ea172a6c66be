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
	p := Place{walk: walk{at: clean, keepLink: true}}
	if asRoot() {
		if err := p.start(clean, p.visit); err != nil {
			return nil, err
		}
	} else {
		p.info, p.err = os.Lstat(clean)
	}
	at, info, err := p.at, p.info, p.err
	if mode != 0 && errors.Is(err, fs.ErrNotExist) {
		info, err = makePrivate(at, mode)
	}
	if mode == 0 && errors.Is(err, syscall.ENOTDIR) { // below a file
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	if err := Private(clean, info); err != nil {
		return nil, err
	}
	dir, err := openPrivate(at, info)
	if err != nil {
		return nil, err
	}
	if opened, err := dir.Stat("."); err != nil || !os.SameFile(info, opened) {
		dir.Close()
		return nil, &UnsafeError{clean, "was replaced while it was opened"}
	}
	return dir, nil
}

// openPrivate opens a directory without links on the way if this process is root's, because another user could create a
// missing directory above it as a link.
func openPrivate(path string, info fs.FileInfo) (*os.Root, error) {
	switch {
	case asRoot():
		return new(walk).makeDir(path, 0)
	case !info.IsDir(): // opening a pipe would block
		return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ENOTDIR}
	}
	return os.OpenRoot(path)
}

func makePrivate(path string, mode fs.FileMode) (fs.FileInfo, error) {
	dir, err := new(walk).makeDir(path, mode)
	if err != nil {
		return nil, err
	}
	dir.Close()
	return os.Lstat(path)
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
	if !ok || !asRoot() {
		return false
	}
	var p Place
	_ = p.start(clean, p.visit) // other errors are reported when the path is used
	return p.foreign != ""
}
