// Package userfile reads and replaces configuration files of the user. A file is replaced atomically: a link to it
// stays a link, its mode and owner stay the same, and a change that another program has made since it was read is not
// lost.
package userfile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/atomicfile"
)

// MaxSize is the maximum size of a file that Read accepts, in bytes. A configuration has some thousand.
const MaxSize = 1 << 20

// ErrChanged is wrapped by the error of a File that has changed since it was read. Nothing has been written, and the
// file can be read again.
var ErrChanged = errors.New("changed by another program after it was read")

// A File is a file as it was read. It need not exist.
type File struct {
	Path    string // as requested, perhaps a link
	Target  string // with all links resolved
	Content []byte // nil if there is no file
	Public  bool   // whether all users can read a new file, rather than its owner only
	info    fs.FileInfo
	unsafe  error // see Unsafe
}

// Read reads a file. It is not an error if the file does not exist, or if a link leads to a missing file.
func Read(path string) (f *File, err error) {
	err = at(path, false, func(p *atomicfile.Place) error {
		f, err = read(path, p)
		return err
	})
	return f, err
}

// at calls work with the place that a path leads to. With keepLink, a link at the end of the path is not followed, as
// for files of this program such as backups.
func at(path string, keepLink bool, work func(*atomicfile.Place) error) error {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return advice.Errorf("%s: %w", path, err).Then("specify an absolute path")
	}
	return atomicfile.At(absolute, keepLink, func(p *atomicfile.Place, err error) error {
		if err != nil {
			return failure(path, "the link cannot be followed", err, "correct the link")
		}
		return work(p)
	})
}

func read(path string, p *atomicfile.Place) (*File, error) {
	f := &File{Path: path, Target: p.Path()}
	info, err := p.Stat()
	if err == nil {
		if err := f.acceptable(info); err != nil {
			return nil, err
		}
		var file *os.File
		if file, err = p.Open(); err == nil {
			defer file.Close()
			if err := f.load(file); err != nil {
				return nil, err
			}
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, f.unreadable(err)
	}
	return f, nil
}

// acceptable returns an error if a file cannot be a configuration.
func (f *File) acceptable(info fs.FileInfo) error {
	what := "a pipe, socket or device"
	if info.IsDir() {
		what = "a directory"
	}
	switch {
	case !info.Mode().IsRegular():
		return advice.Errorf("%s: not a regular file, but %s", f.Path, what).Then("replace it with a file")
	case info.Size() > MaxSize:
		return advice.Errorf("%s: too large for a configuration (%d bytes, limit %d)", f.Path, info.Size(), MaxSize).
			Then("check its contents")
	}
	return nil
}

// load reads an open file. It checks that file again, because another one may have replaced the file at the path.
func (f *File) load(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return f.unreadable(err)
	}
	if err := f.acceptable(info); err != nil {
		return err
	}
	content, err := io.ReadAll(io.LimitReader(file, info.Size()+1))
	if err == nil && int64(len(content)) > info.Size() {
		err = errors.New("it grows while it is read")
	}
	if err != nil {
		return f.unreadable(err)
	}
	f.Content, f.info, f.unsafe = content, info, atomicfile.Private(f.Target, info)
	return nil
}

func (f *File) unreadable(err error) error {
	return failure(f.Path, "cannot be read", err, "check its owner and mode")
}

// Exists reports whether the file existed when it was read.
func (f *File) Exists() bool { return f.info != nil }

// Unsafe returns an atomicfile.UnsafeError if, when the file was read, it belonged to another user or could be written
// to by others. In a directory of another user, the file must belong to that user if this process is root's.
func (f *File) Unsafe() error { return f.unsafe }

// Replace replaces what was read with content. It creates missing directories. If it returns an error, it has written
// nothing and left no temporary file.
func (f *File) Replace(content []byte) error {
	if f.info != nil && f.info.Mode()&0o200 == 0 {
		return advice.Errorf("%s: is read-only, so nothing was written", f.Path).
			Then("if it may be changed, make it writable: chmod u+w %s", f.Path)
	}
	return at(f.Path, false, func(p *atomicfile.Place) error {
		if p.Path() != f.Target {
			return f.changed()
		}
		mode, dirMode := f.modes()
		temp, err := temporary(p, content, dirMode, mode, f.info)
		if err != nil {
			return f.unwritable(err)
		}
		defer temp.Discard() // does nothing after Rename
		info, err := temp.Stat()
		if err != nil {
			return f.unwritable(err)
		}
		if err := f.unchanged(); err != nil {
			return err
		}
		if err := temp.Rename(p.Name()); err != nil {
			return f.unwritable(err)
		}
		f.Content, f.info = content, info
		return nil
	})
}

// Backup writes what was read to another path, where no file must exist. The backup has the mode of the file, but only
// its owner can write to it.
func (f *File) Backup(path string) error {
	return at(path, true, func(p *atomicfile.Place) error {
		if _, err := p.Stat(); err == nil {
			return advice.Errorf("%s: not overwritten by a copy of %s", path, f.Path).Then("move it away")
		}
		mode, dirMode := f.modes()
		if f.info != nil {
			mode = f.info.Mode().Perm() &^ 0o022
		}
		temp, err := temporary(p, f.Content, dirMode, mode, nil)
		if err == nil {
			defer temp.Discard()
			err = temp.Rename(p.Name())
		}
		if err != nil {
			return f.unwritable(err)
		}
		return nil
	})
}

// modes returns the modes of a new file and a new directory.
func (f *File) modes() (file, dir fs.FileMode) {
	if f.Public {
		return 0o644, 0o755
	}
	return 0o600, 0o700
}

// Remove removes the file, but not a link to it. It is not an error if the file does not exist.
func (f *File) Remove() error {
	if err := f.unchanged(); err != nil || f.info == nil {
		return err
	}
	err := at(f.Path, false, func(p *atomicfile.Place) error {
		if p.Path() != f.Target {
			return f.changed()
		}
		return remove(f.Path, p)
	})
	if err == nil {
		f.Content, f.info = nil, nil
	}
	return err
}

// unchanged returns an error if the file is not what was read. A change between this check and the rename is lost. The
// programs that use these files take no lock that could prevent it.
func (f *File) unchanged() error {
	var now *File
	var err error
	var reading sync.WaitGroup
	reading.Go(func() { now, err = Read(f.Path) }) // this thread may have the rights of another user; see atomicfile.At
	if reading.Wait(); err != nil {
		return err
	}
	if now.Target != f.Target || now.Exists() != f.Exists() || !bytes.Equal(now.Content, f.Content) ||
		now.Exists() && now.info.Mode() != f.info.Mode() {
		return f.changed()
	}
	return nil
}

func (f *File) changed() error {
	return advice.Errorf("%s: %w, so nothing was written", f.Path, ErrChanged).Then("run the command again")
}

func (f *File) unwritable(err error) error {
	next := "check the owner and mode of that directory, and whether its disk is full or read-only"
	if errors.Is(err, syscall.EBUSY) {
		next = "a file that is a mount point cannot be replaced, so mount its directory instead"
	}
	return failure(f.Path, "cannot be replaced in "+filepath.Dir(f.Target), err, "nothing was written; "+next)
}

// failure returns the error for an operation on a file. For root, another user could have redirected it.
func failure(path, what string, err error, next string) error {
	if unsafe, ok := errors.AsType[*atomicfile.UnsafeError](err); ok {
		return advice.Errorf("%s: not accessed as root, because %w", path, unsafe).
			Then("run this command as the owner of the file")
	}
	return advice.Errorf("%s: %s: %w", path, what, atomicfile.Cause(err)).Then("%s", next)
}
