package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"syscall"
)

// makeDir opens a directory. It creates missing directories with the given mode, unless that is 0. For root, the path
// must contain no links, and all directories must belong to root.
func (w *walk) makeDir(path string, mode fs.FileMode) (*os.Root, error) {
	top, _, _ := split(path)
	at := path
	if asRoot() {
		at = top // and each directory is opened relative to the one above
	}
	dir, err := w.openRoot(at)
	for mode != 0 && errors.Is(err, fs.ErrNotExist) && at != top {
		at, _ = cut(at)
		dir, err = w.openRoot(at)
	}
	for _, name := range elements(path[len(at):]) {
		if err != nil {
			return nil, err
		}
		above := dir
		at = join(at, name)
		dir, err = enter(above, name, at, mode)
		above.Close()
	}
	return dir, err
}

// openRoot opens a directory. It does not open a pipe, which it would wait for.
func (w *walk) openRoot(path string) (*os.Root, error) {
	path = w.reach(path)
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ENOTDIR}
	}
	return os.OpenRoot(path)
}

// enter opens a directory in another one.
func enter(above *os.Root, name, path string, mode fs.FileMode) (*os.Root, error) {
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
	if uid, _ := ownerOf(info); asRoot() && uid != 0 {
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
	if err == nil && made && mode != 0o700 && runtime.GOOS != "windows" {
		err = dir.Chmod(".", mode) // the umask does not apply
	}
	if err != nil {
		dir.Close()
		return nil, err
	}
	return dir, nil
}
