package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
)

// makeDir opens a directory. It creates missing directories with the given mode, unless that is 0. For root, the path
// must contain no links, and all directories must belong to root, unless the walk is shared, or, in a thread with the
// rights of another user, be accessible to that user. For other users, the umask applies.
func (w *walk) makeDir(path string, mode fs.FileMode) (*os.Root, error) {
	above, at, rest := w.in(path)
	dir, err := above, error(nil)
	switch {
	case above != nil:
		dir, err = above.OpenRoot(".") // which is closed below
	case asRoot():
		dir, err = os.OpenRoot(at)
	default:
		if mode != 0 {
			if err := os.MkdirAll(path, mode); err != nil {
				return nil, err
			}
		}
		return openRoot(path)
	}
	for _, name := range elements(rest) {
		if err != nil {
			return nil, err
		}
		above := dir
		at = join(at, name)
		dir, err = w.enter(above, name, at, mode)
		above.Close()
	}
	return dir, err
}

// openRoot opens a directory. It does not open a pipe, which it would wait for.
func openRoot(path string) (*os.Root, error) {
	if runtime.GOOS != "windows" {
		path += "/."
	}
	return os.OpenRoot(path)
}

// inGroup calls create, which creates a file in the directory, so that the file gets the group of the directory.
func inGroup(dir *os.Root, create func() error) error {
	info, err := dir.Stat(".")
	if err != nil {
		return err
	}
	return withGroup(info, create)
}

// enter opens a directory in another one.
func (w *walk) enter(above *os.Root, name, path string, mode fs.FileMode) (*os.Root, error) {
	made := false
	info, err := above.Lstat(name)
	if mode != 0 && errors.Is(err, fs.ErrNotExist) {
		err = inGroup(above, func() error { return above.Mkdir(name, 0o700) })
		made = err == nil
		if made || errors.Is(err, fs.ErrExist) { // another process may create it at the same time
			info, err = above.Lstat(name)
		}
	}
	if err != nil {
		return nil, err
	}
	if uid, _ := Owner(info); asRoot() && uid != 0 && !w.shared {
		return nil, &UnsafeError{path, "belongs to another user"}
	}
	dir, err := above.OpenRoot(name + separator + ".") // "." keeps it from waiting for a pipe
	if err != nil {
		return nil, err
	}
	opened, err := dir.Stat(".")
	if err == nil && !os.SameFile(info, opened) {
		err = &UnsafeError{path, "was replaced while it was opened"}
	}
	if err == nil && made && mode != 0o700 {
		err = dir.Chmod(".", mode) // the umask does not apply
	}
	if err != nil {
		dir.Close()
		return nil, err
	}
	return dir, nil
}
