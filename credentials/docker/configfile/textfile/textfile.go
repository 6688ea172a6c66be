// Package textfile replaces a configuration file that belongs to its user, as a whole: whoever reads it meanwhile sees the
// old one or the new one. A link to it stays a link, mode and owner stay as they were, and what somebody else has written
// since it was read is never lost.
package textfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/diff"
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
	target, err := follow(path)
	if err != nil {
		return nil, fmt.Errorf("%s: the link cannot be followed: %w; correct the link", path, err)
	}
	f := &File{Path: path, Target: target}
	info, err := os.Stat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, nil
	case err != nil:
		return nil, f.unreadable(err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: not a regular file, but %s; put a file in its place", path, kind(info))
	case info.Size() > MaxSize:
		return nil, fmt.Errorf("%s: has %d bytes, and no configuration has more than %d; look what is in it", path, info.Size(), MaxSize)
	}
	f.info = info
	if f.Content, err = os.ReadFile(target); err != nil {
		return nil, f.unreadable(err)
	}
	return f, nil
}

func (f *File) unreadable(err error) error {
	return fmt.Errorf("%s: cannot be read: %w; see who owns it and what its mode is", f.Path, cause(err))
}

func kind(info fs.FileInfo) string {
	if info.IsDir() {
		return "a folder"
	}
	return "a pipe, socket or device"
}

// Exists reports whether there was a file when it was read.
func (f *File) Exists() bool { return f.info != nil }

// Replace writes content in place of what was read. Missing folders are made, for the same people as a new file. If it fails, nothing has been written and no file is left behind.
func (f *File) Replace(content []byte) error {
	if f.info != nil && f.info.Mode()&0o200 == 0 {
		return fmt.Errorf("%s: is read-only, so nothing was written; if it may be changed, make it writable: chmod u+w %[1]s", f.Path)
	}
	_, folder := f.modes()
	if err := mkdirAll(filepath.Dir(f.Target), folder); err != nil {
		return f.unwritable(err)
	}
	temp, err := f.temporary(content)
	if err != nil {
		return f.unwritable(err)
	}
	defer os.Remove(temp) // it is gone if all went well
	if err := f.unchanged(); err != nil {
		return err
	}
	if err := os.Rename(temp, f.Target); err != nil {
		return f.unwritable(err)
	}
	return f.reread(content)
}

// Remove removes the file; a link to it stays. One that does not exist is no error.
func (f *File) Remove() error {
	if err := f.unchanged(); err != nil || f.info == nil {
		return err
	}
	if err := os.Remove(f.Target); err != nil {
		return fmt.Errorf("%s: cannot be removed: %w; see who owns its folder and what its mode is", f.Path, cause(err))
	}
	f.Content, f.info = nil, nil
	return nil
}

// Backup writes what was read to another path, for the same readers. There must be no file of that name.
func (f *File) Backup(path string) error {
	temp, err := f.temporary(f.Content)
	if err != nil {
		return f.unwritable(err)
	}
	defer os.Remove(temp)
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s: not overwritten by a copy of %s; move it away", path, f.Path)
	}
	if err := os.Rename(temp, path); err != nil {
		return f.unwritable(err)
	}
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
		return fmt.Errorf("%s: %w, so nothing was written; run it again", f.Path, ErrChanged)
	}
	return nil
}

// temporary writes a file beside the target with its mode and owner, and returns its path.
func (f *File) temporary(content []byte) (path string, err error) {
	temp, err := os.CreateTemp(filepath.Dir(f.Target), "."+filepath.Base(f.Target)+".ecr-login-*")
	if err != nil {
		return "", err
	}
	defer func() {
		if err = errors.Join(err, temp.Close()); err != nil {
			os.Remove(temp.Name())
		}
	}()
	if _, err := temp.Write(content); err != nil {
		return "", err
	}
	if err := f.dress(temp.Name()); err != nil {
		return "", err
	}
	return temp.Name(), temp.Sync()
}

// dress gives a temporary file the mode and the owner of the one that it is to replace.
func (f *File) dress(temp string) error {
	if f.info == nil {
		file, _ := f.modes()
		return errors.Join(os.Chmod(temp, file), inherit(temp))
	}
	if err := os.Chmod(temp, f.info.Mode().Perm()); err != nil {
		return err
	}
	return own(temp, f.info)
}

func (f *File) reread(content []byte) error {
	info, err := os.Stat(f.Target)
	if err != nil {
		return f.unreadable(err)
	}
	f.Content, f.info = content, info
	return nil
}

func (f *File) unwritable(err error) error {
	return fmt.Errorf("%s: cannot be replaced in %s: %w; nothing was written; see who owns that folder, what its mode is and whether its disk is full or read-only",
		f.Path, filepath.Dir(f.Target), cause(err))
}

// cause leaves out of an error the path, which the sentence around it names in the user's terms.
func cause(err error) error {
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

// Diff returns the difference between two texts for people, as diff -u does, and "" if there is none. A nil text is that of
// no file.
func Diff(path string, before, after []byte) string {
	if bytes.Equal(before, after) && (before == nil) == (after == nil) {
		return ""
	}
	name := func(content []byte) string {
		if content == nil {
			return os.DevNull
		}
		return path
	}
	// The first line repeats the names.
	_, text, _ := bytes.Cut(diff.Diff(name(before), before, name(after), after), []byte("\n"))
	return string(text)
}
