// Package atomicfile replaces files atomically, and opens the directories and files for that so that no other user can
// redirect the writer.
//
// It is made for root in a directory of another user, who can replace any name there by a link at any moment. On Linux,
// root works there with the file system rights of that user, so that the kernel permits only what the user could do.
// Other systems have no such rights, and root is refused. In its own directories, root opens each directory relative
// to the one above, and accepts only directories of root.
//
// It imports little, because package store does: see there.
package atomicfile

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
)

// An UnsafeError reports why a file or directory is not used: another user could have written it, or could redirect
// what is written.
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

// A Temp is a file that will replace another file in the same directory. Only its owner can read it until Finish.
// Callers must call Discard.
type Temp struct {
	*os.File
	dir    *os.Root
	name   string // "" after Rename
	locked bool   // see Lock
}

// Create creates a temporary file, whose name is the prefix, 16 hexadecimal digits and the suffix.
func Create(dir *os.Root, prefix, suffix string) (*Temp, error) {
	digits := strconv.FormatUint(rand.Uint64()|1<<63, 16) // the first is not 0
	name := prefix + digits + suffix
	f, err := create(dir, name)
	if err != nil {
		return nil, err
	}
	return &Temp{File: f, dir: dir, name: name}, nil
}

// create creates a file with mode 0600 that does not exist.
func create(dir *os.Root, name string) (f *os.File, err error) {
	err = inGroup(dir, func() error {
		f, err = dir.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		return err
	})
	return f, err
}

// Finish sets the mode and the owner to those of like. If like is nil, it sets the given mode. Then it syncs the file
// to the disk.
func (t *Temp) Finish(mode fs.FileMode, like fs.FileInfo) error {
	var err error
	if like != nil {
		mode, err = like.Mode().Perm(), own(t.File, like)
	}
	return errors.Join(err, chmod(t.File, mode), t.Sync())
}

// GiveToOwner gives the file to the owner of its directory if this process is root's. It stays root's if root may not
// do that, as in a container without CAP_CHOWN.
func (t *Temp) GiveToOwner() error {
	if !asRoot() {
		return nil
	}
	dir, err := t.dir.Stat(".")
	if err != nil {
		return err
	}
	if uid, _ := Owner(dir); uid == 0 {
		return nil
	}
	if err := own(t.File, dir); !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

// CreateFinished calls Create, writes the content, and calls Finish.
func CreateFinished(
	dir *os.Root, prefix, suffix string, content []byte, mode fs.FileMode, like fs.FileInfo,
) (*Temp, error) {
	t, err := Create(dir, prefix, suffix)
	if err != nil {
		return nil, err
	}
	_, err = t.Write(content)
	if err := errors.Join(err, t.Finish(mode, like)); err != nil {
		t.Discard()
		return nil, err
	}
	return t, nil
}

// Rename closes the file and gives it its final name. It replaces an existing file of that name.
func (t *Temp) Rename(name string) error {
	locked := t.locked && runtime.GOOS != "windows" // where open files cannot be renamed
	if !locked {
		if err := t.Close(); err != nil {
			return err
		}
	}
	if err := t.dir.Rename(t.name, name); err != nil {
		return err
	}
	t.name = ""
	if locked {
		return t.Close()
	}
	return nil
}

// Discard closes and removes the file, unless it has been renamed.
func (t *Temp) Discard() {
	if t.name != "" {
		t.Close()
		_ = t.dir.Remove(t.name)
	}
}

// OpenLock opens a file for locks. If it does not exist, OpenLock creates it with mode 0600. The error is an
// UnsafeError if the name is a link or not a regular file.
func OpenLock(dir *os.Root, name string) (f *os.File, err error) {
	for range attempts {
		if f, err = create(dir, name); !errors.Is(err, fs.ErrExist) {
			break
		}
		if f, _, err = openRegular(dir, name, os.O_RDWR); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return f, err
}

// attempts is how often a file is opened that another process replaces or removes.
const attempts = 100

// openRegular opens a regular file, and returns its information. It does not follow a link, also not one that replaces
// the file at this moment.
func openRegular(dir *os.Root, name string, flag int) (f *os.File, info fs.FileInfo, err error) {
	for range attempts {
		if f, info, err = tryOpenRegular(dir, name, flag); err != errReplaced {
			break
		}
	}
	return f, info, err
}

var errReplaced = errors.New("was replaced while it was opened")

func tryOpenRegular(dir *os.Root, name string, flag int) (*os.File, fs.FileInfo, error) {
	info, err := dir.Lstat(name)
	switch {
	case err != nil:
		return nil, nil, err
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, nil, &UnsafeError{name, "is a link"}
	case !info.Mode().IsRegular():
		return nil, nil, &UnsafeError{name, "is not a regular file"}
	}
	f, err := dir.OpenFile(name, flag|nonBlocking, 0) // a pipe may have replaced the file
	if err != nil {
		return nil, nil, err
	}
	opened, err := f.Stat()
	if err == nil && !os.SameFile(info, opened) {
		err = errReplaced
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, opened, nil
}
