// Package atomicfile replaces files in one step, and opens the directories and files for that so that no other user can
// redirect the writer.
//
// It is made for root in a directory of another user, who can replace any name there by a link at any moment. So nothing is
// done by path: a path is walked from the top once, each directory on it is opened relative to the one before, and all
// that follows is relative to the last one or happens to an open file. Modes and owners are set on open files only. What
// root creates in a directory of another user belongs to that user.
//
// It imports little, because package store does: see there.
package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"time"
)

// An UnsafeError reports why a file or directory is not used: another user could have written it, or could redirect what is
// written.
type UnsafeError struct {
	Path   string // or the name of a file in a directory that the caller has opened
	Reason string // follows the path in a sentence, such as "is a link"
}

// Error returns path and reason.
func (e *UnsafeError) Error() string { return e.Path + " " + e.Reason }

// Cause returns an error of the file system without its path, for messages that contain the path already.
func Cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// A Temp is a file that is to replace another in the same directory. It is readable by its owner alone until Finish.
// Discard it.
type Temp struct {
	*os.File
	dir  *os.Root
	name string // "" once it has its final name
}

// Create creates a temporary file, whose name is the prefix, 16 hexadecimal digits and the suffix.
func Create(dir *os.Root, prefix, suffix string) (*Temp, error) {
	const attempts = 100
	for n := 1; ; n++ {
		name := prefix + random(n) + suffix
		f, err := dir.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			return &Temp{f, dir, name}, nil
		}
		if n == attempts || !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
}

// random returns 16 hexadecimal digits that differ from call to call. They need not be secret, since no file that exists
// is opened by them.
func random(n int) string {
	digits := strconv.FormatUint(uint64(time.Now().UnixNano())^uint64(os.Getpid())<<40^uint64(n)<<56, 16)
	return "0000000000000000"[len(digits):] + digits
}

// Finish sets the mode and the owner: those of like, or the mode that is given and the directory's owner if like is nil.
// Then it waits until the file is on the disk.
func (t *Temp) Finish(mode fs.FileMode, like fs.FileInfo) error {
	if like != nil {
		return errors.Join(own(t.File, like), chmod(t.File, like.Mode().Perm()), t.Sync())
	}
	return errors.Join(inherit(t.dir, t.File), chmod(t.File, mode), t.Sync())
}

// Rename closes the file and gives it its name, in place of the file that has it.
func (t *Temp) Rename(name string) error {
	if err := t.Close(); err != nil {
		return err
	}
	if err := t.dir.Rename(t.name, name); err != nil {
		return err
	}
	t.name = ""
	return nil
}

// Discard closes and removes the file, unless it has been renamed.
func (t *Temp) Discard() {
	if t.name != "" {
		t.Close()
		_ = t.dir.Remove(t.name)
	}
}

// OpenLock opens a file for locks, and creates it, for its owner alone, if it does not exist. A link or anything else that is
// not a regular file is an UnsafeError.
func OpenLock(dir *os.Root, name string) (*os.File, error) {
	const attempts = 10 // others may remove it
	for n := 1; ; n++ {
		f, err := createLock(dir, name)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
		f, _, err = openRegular(dir, name, os.O_RDWR)
		if n == attempts || !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
}

// createLock creates a lock file, if there is none, for the owner of the directory.
func createLock(dir *os.Root, name string) (f *os.File, err error) {
	err = asOwner(dir, func() error {
		f, err = dir.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err = inherit(dir, f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// openRegular opens a regular file that exists, and returns what it has opened. It does not follow a link, except for one that
// takes the file's place at this moment and leads to another regular file below the directory.
func openRegular(dir *os.Root, name string, flag int) (*os.File, fs.FileInfo, error) {
	info, err := dir.Lstat(name)
	switch {
	case err != nil:
		return nil, nil, err
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, nil, &UnsafeError{name, "is a link"}
	case !info.Mode().IsRegular():
		return nil, nil, &UnsafeError{name, "is not a regular file"}
	}
	f, err := dir.OpenFile(name, flag|nonBlocking, 0) // what the file was replaced by may be a pipe
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = &UnsafeError{name, "is not a regular file"}
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}
