// Package install copies the running program to a directory without a shell: to the kubelet's directory of credential
// providers, or to a directory that a container shares with others.
package install

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/atomicfile"
	"ecrlogin/internal/kubeletconfig"
	"ecrlogin/internal/program"
)

// A Copy is a file to which the running program is copied, and what it contained before.
type Copy struct {
	Path     string // absolute
	Backup   string // where Write keeps the existing file; "" for nowhere
	UpToDate bool   // the file is a copy of the running program that all users can execute, and others cannot change
	Version  string // the version, if the file is another version of this program
	Other    bool   // the file is another program, or Unsafe is set
	Unsafe   error  // why the file was not run to get its version; other users could have replaced it

	content []byte
}

// Prepare examines the file at an absolute path, and reads the running program. It follows a link at the path. The
// error contains a next step.
func Prepare(path string) (*Copy, error) {
	from, err := os.Executable()
	if err != nil {
		return nil, advice.Errorf("cannot determine the path of this program: %w", err).Then("copy it manually to %s", path)
	}
	c := &Copy{Path: path}
	if c.content, err = os.ReadFile(from); err != nil {
		return nil, advice.Errorf("this program cannot be read: %w", err).Then("check its mode, or copy it manually to %s", path)
	}
	return c, c.examine()
}

func (c *Copy) examine() error {
	info, err := os.Stat(c.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return advice.Errorf("%s: cannot be examined: %w", c.Path, atomicfile.Cause(err)).Then("check its owner and mode")
	case !info.Mode().IsRegular():
		return advice.Errorf("%s: not a regular file", c.Path).Then("move it away")
	}
	installed, err := os.ReadFile(c.Path)
	if err != nil {
		return advice.Errorf("%s: cannot be read: %w", c.Path, atomicfile.Cause(err)).Then("check its owner and mode")
	}
	if bytes.Equal(installed, c.content) {
		c.UpToDate = info.Mode()&0o577 == 0o555 && trusted(info) || runtime.GOOS == "windows" // without mode bits
		return nil
	}
	version, ours, err := kubeletconfig.VersionOf(context.Background(), c.Path)
	c.Version, c.Other, c.Unsafe = version, !ours, err
	return nil
}

// trusted reports whether a file belongs to root or this user. Its owner can change it.
func trusted(info fs.FileInfo) bool {
	uid, _ := atomicfile.Owner(info)
	return uid == 0 || uid == os.Geteuid()
}

// KeepBackup makes Write keep the existing file. The error is that of an existing backup.
func (c *Copy) KeepBackup() error {
	backup := c.Path + "." + program.Helper + "-backup"
	if _, err := os.Lstat(backup); err == nil {
		return advice.Errorf("%s: a backup of %s already exists", backup, c.Path).Then("move it away")
	}
	c.Backup = backup
	return nil
}

// String describes what Write does.
func (c *Copy) String() string {
	switch {
	case c.UpToDate:
		return c.Path + ": already up to date"
	case c.Backup != "":
		return fmt.Sprintf("%s: a copy of this program; the existing program is kept as %s", c.Path, c.Backup)
	case c.Version != "":
		return fmt.Sprintf("%s: a copy of this program, replacing version %s", c.Path, c.Version)
	}
	return c.Path + ": a copy of this program"
}

// Write writes the program atomically, with mode 0755, unless the file is up to date. It creates missing directories.
// It replaces a link at the path. The error contains a next step.
func (c *Copy) Write() error {
	if c.UpToDate {
		return nil
	}
	return explain(c.Path, len(c.content), at(c.Path, func(dir *os.Root, name string) error {
		temp, err := atomicfile.CreateFinished(dir, "."+name+".", "", c.content, 0o755, nil)
		if err != nil {
			return err
		}
		defer temp.Discard() // does nothing after Rename
		if c.Backup != "" {
			if err := dir.Link(name, filepath.Base(c.Backup)); err != nil {
				return err
			}
		}
		return temp.Rename(name)
	}))
}

// at calls work with the directory of a path and the last element of the path. No other user can redirect work.
func at(path string, work func(dir *os.Root, name string) error) error {
	return atomicfile.At(path, true, func(place *atomicfile.Place, err error) error {
		if err != nil {
			return err
		}
		if foreign := place.Foreign(); foreign != "" {
			return &atomicfile.UnsafeError{Path: foreign, Reason: "belongs to another user, who could replace the program"}
		}
		if planted := place.Planted(); planted != "" {
			return &atomicfile.UnsafeError{Path: planted, Reason: "is a link of another user in a directory where all users can create files"}
		}
		dir, err := place.MakeDir(0o755)
		if err != nil {
			return err
		}
		return work(dir, place.Name())
	})
}
