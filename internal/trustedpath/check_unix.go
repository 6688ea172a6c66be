//go:build unix

package trustedpath

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// maxLinks is how many symbolic links may be on the way, as on Linux.
const maxLinks = 40

// Check returns nil if only root and the effective user can change or replace what path leads to. It walks from the root
// directory as the operating system does, and looks at every directory and every symbolic link on the way. Each must belong to
// one of the two, and must not be writable by its group or others. A directory with the sticky bit may be on the way,
// since others cannot replace there what is not theirs; it may not be what path leads to.
//
// Since everything above it is looked at first, what has passed cannot change in the meantime, except by root or the user.
// The error is an *Error, or that of the operating system if something is missing or cannot be looked at; it wraps
// fs.ErrNotExist then, and what is there of the path has passed.
func Check(path string) error {
	if !filepath.IsAbs(path) {
		dir, err := os.Getwd()
		if err != nil {
			return err
		}
		path = dir + "/" + path // not cleaned: what is before ".." may be a link
	}
	rest := strings.Split(path, "/")
	at, links := "/", 0
	if err := check(at, false); err != nil {
		return err
	}
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			at = filepath.Dir(at) // it was looked at on the way down
			continue
		}
		next := filepath.Join(at, name)
		if err := check(next, false); err != nil {
			return err
		}
		target, err := os.Readlink(next)
		switch {
		case err != nil: // not a link
			at = next
			continue
		case filepath.IsAbs(target):
			at = "/"
		}
		if links++; links > maxLinks {
			return &fs.PathError{Op: "readlink", Path: path, Err: syscall.ELOOP}
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return check(at, true)
}

// check looks at one file, directory or link. What the path leads to in the end is looked at once more as last.
func check(path string, last bool) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	mode, link := info.Mode(), info.Mode()&fs.ModeSymlink != 0
	if uid := int(info.Sys().(*syscall.Stat_t).Uid); uid != 0 && uid != os.Geteuid() {
		if link {
			return &Error{path, fmt.Sprintf("is a symbolic link of user %d", uid), "sudo chown -h root: " + path}
		}
		return &Error{path, fmt.Sprintf("belongs to user %d", uid), "sudo chown root: " + path}
	}
	sticky := mode.IsDir() && mode&fs.ModeSticky != 0
	if !link && mode&0o022 != 0 && (!sticky || last) {
		return &Error{path, fmt.Sprintf("is writable by others than its owner (%s)", mode), "sudo chmod go-w " + path}
	}
	return nil
}
