package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// OpenPrivate opens a directory that this user keeps for itself. The error wraps fs.ErrNotExist when it does not exist, and
// is an UnsafeError when it is a link, belongs to another user or can be written to by others; for root also when anything
// on the way there belongs to another user, who could exchange it.
func OpenPrivate(path string) (*os.Root, error) { return private(path, false) }

// MakePrivate creates the directory, and those above it that are missing, if it does not exist, and opens it.
func MakePrivate(path string) (*os.Root, error) { return private(path, true) }

func private(path string, create bool) (*os.Root, error) {
	clean, ok := Clean(path)
	if !ok {
		return nil, &UnsafeError{path, "is a relative path"}
	}
	if err := rootOnly(clean); err != nil {
		return nil, err
	}
	dir, err := openPrivate(clean)
	if !create || !errors.Is(err, fs.ErrNotExist) {
		return dir, err
	}
	if err := makePrivate(clean); err != nil {
		return nil, err
	}
	return openPrivate(clean)
}

// rootOnly returns an error if root would get to the path through a directory or a link of another user's. Going by path is
// safe from the top down: in a directory of root's nobody else can exchange what has been looked at.
func rootOnly(clean string) error {
	if !asRoot() {
		return nil
	}
	for i := range clean {
		if i == 0 || !os.IsPathSeparator(clean[i]) {
			continue
		}
		info, err := os.Lstat(clean[:i])
		if err != nil {
			return nil // nor is there anything below
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			_, err := resolve(clean, false, true)
			return err
		}
		if uid, _ := ownerOf(info); uid != 0 {
			return &UnsafeError{clean[:i], "belongs to another user"}
		}
	}
	return nil
}

func makePrivate(path string) error {
	if !asRoot() {
		return os.MkdirAll(path, 0o700)
	}
	p, err := resolve(path, true, true)
	if err != nil {
		return err
	}
	defer p.Close()
	_, err = p.makeAll(p.steps, 0o700)
	return err
}

func openPrivate(path string) (*os.Root, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, missing(err)
	}
	if err := Private(path, info); err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ENOTDIR}
	}
	dir, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	if opened, err := dir.Stat("."); err != nil || !os.SameFile(info, opened) {
		dir.Close()
		return nil, &UnsafeError{path, "was replaced while it was opened"}
	}
	return dir, nil
}

// missing makes an error of a path a part of which is a file one of a path that does not exist, which it does not either.
func missing(err error) error {
	if errors.Is(err, syscall.ENOTDIR) {
		return &fs.PathError{Op: "lstat", Path: "", Err: fs.ErrNotExist}
	}
	return err
}

// ReadPrivate reads a file of a private directory. It is an UnsafeError unless the file is a regular one, belongs to this user
// and can be written to by nobody else; it is another error if the file has more bytes than that.
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

// Foreign reports whether a path, which must be absolute, leads root through a directory or link of another user's: a place
// that is not for root's own files.
func Foreign(path string) bool {
	clean, ok := Clean(path)
	return ok && rootOnly(join(clean, "")) != nil
}
