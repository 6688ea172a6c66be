// Package userfile replaces a configuration file that belongs to its user, as a whole: whoever reads it meanwhile sees the
// old one or the new one. A link to it stays a link, mode and owner stay as they were, and what somebody else has written
// since it was read is never lost.
package userfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"ecrlogin/internal/atomicfile"
)

// MaxSize is the longest file that Read takes, in bytes. A configuration has some thousand.
const MaxSize = 1 << 20

// ErrChanged is wrapped by the error of a File that is not any more what it was when it was read. Nothing has been
// written then, and it can be read again.
var ErrChanged = errors.New("edited by someone else in the meantime")

// A File is one as it was read. One that does not exist can be read and written too.
type File struct {
	Path    string // as it was asked for, perhaps a link
	Target  string // the file itself, behind all links
	Content []byte // nil if there is no file
	Public  bool   // whether a new file is for everybody to read, and not for its owner alone
	info    fs.FileInfo
	unsafe  error // see Unsafe
}

// modes returns those of a new file and a new folder.
func (f *File) modes() (file, folder fs.FileMode) {
	if f.Public {
		return 0o644, 0o755
	}
	return 0o600, 0o700
}

// Read reads a file. That there is none is no error, nor that a link leads to none.
func Read(path string) (*File, error) {
	p, err := resolve(path)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	f := &File{Path: path, Target: p.Path()}
	info, err := p.Stat()
	if err == nil {
		err = f.acceptable(info)
	}
	if err == nil {
		err = f.load(p)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// resolve follows a path.
func resolve(path string) (*atomicfile.Place, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; name it from the root on", path, err)
	}
	p, err := atomicfile.Resolve(absolute)
	if err != nil {
		return nil, failure(path, "the link cannot be followed", err, "correct the link")
	}
	return p, nil
}

// acceptable returns an error for what is no configuration.
func (f *File) acceptable(info fs.FileInfo) error {
	switch {
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s: not a regular file, but %s; put a file in its place", f.Path, kind(info))
	case info.Size() > MaxSize:
		return fmt.Errorf("%s: has %d bytes, and no configuration has more than %d; look what is in it", f.Path, info.Size(), MaxSize)
	}
	return nil
}

// load reads the file at a place. Who it belongs to is seen from what was opened.
func (f *File) load(p *atomicfile.Place) error {
	file, err := p.Open()
	if err != nil {
		return f.unreadable(err)
	}
	defer file.Close()
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
	f.Content, f.info, f.unsafe = content, info, p.Private(info)
	return nil
}

func (f *File) unreadable(err error) error {
	return failure(f.Path, "cannot be read", err, "see who owns it and what its mode is")
}

func kind(info fs.FileInfo) string {
	if info.IsDir() {
		return "a directory"
	}
	return "a pipe, socket or device"
}

// Exists reports whether there was a file when it was read.
func (f *File) Exists() bool { return f.info != nil }

// Unsafe returns an atomicfile.UnsafeError if, when the file was read, it belonged to another user or could be written to by
// others. For root, in another user's directory, it must belong to that user.
func (f *File) Unsafe() error { return f.unsafe }

// Replace writes content in place of what was read. Missing directories are created, for the same users as a new file. If it
// fails, nothing has been written and no file is left behind.
func (f *File) Replace(content []byte) error {
	if f.info != nil && f.info.Mode()&0o200 == 0 {
		return fmt.Errorf("%s: is read-only, so nothing was written; if it may be changed, make it writable: chmod u+w %[1]s", f.Path)
	}
	p, err := f.place()
	if err != nil {
		return err
	}
	defer p.Close()
	mode, dirMode := f.modes()
	temp, err := f.temporary(p, content, dirMode)
	if err != nil {
		return f.unwritable(err)
	}
	defer temp.Discard() // does nothing if all goes well
	if err := temp.Finish(mode, f.info); err != nil {
		return f.unwritable(err)
	}
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
}

// place follows the path again, to the same target.
func (f *File) place() (*atomicfile.Place, error) {
	p, err := resolve(f.Path)
	if err != nil {
		return nil, err
	}
	if p.Path() != f.Target {
		p.Close()
		return nil, f.changed()
	}
	return p, nil
}

// temporary writes a file at a place, beside the one that it is to replace.
func (f *File) temporary(p *atomicfile.Place, content []byte, dirMode fs.FileMode) (*atomicfile.Temp, error) {
	dir, err := p.MakeDir(dirMode)
	if err != nil {
		return nil, err
	}
	temp, err := atomicfile.Create(dir, "."+p.Name()+".ecr-login-", "")
	if err != nil {
		return nil, err
	}
	if _, err := temp.Write(content); err != nil {
		temp.Discard()
		return nil, err
	}
	return temp, nil
}

// Remove removes the file; a link to it stays. One that does not exist is no error.
func (f *File) Remove() error {
	if err := f.unchanged(); err != nil || f.info == nil {
		return err
	}
	p, err := f.place()
	if err != nil {
		return err
	}
	defer p.Close()
	dir, err := p.MakeDir(0)
	if err == nil {
		err = dir.Remove(p.Name())
	}
	if err != nil {
		return unremovable(f.Path, err)
	}
	f.Content, f.info = nil, nil
	return nil
}

// unchanged looks whether the path still leads to what was read. Between this and the renaming is a moment in which
// somebody else can write unnoticed; no client of these files takes a lock that could prevent it.
func (f *File) unchanged() error {
	now, err := Read(f.Path)
	if err != nil {
		return err
	}
	if now.Target != f.Target || now.Exists() != f.Exists() || !bytes.Equal(now.Content, f.Content) {
		return f.changed()
	}
	return nil
}

func (f *File) changed() error {
	return fmt.Errorf("%s: %w, so nothing was written; run it again", f.Path, ErrChanged)
}

func (f *File) unwritable(err error) error {
	return failure(f.Path, "cannot be replaced in "+filepath.Dir(f.Target), err,
		"nothing was written; check the owner and mode of that directory, and whether its disk is full or read-only")
}
