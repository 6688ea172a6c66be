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

// maxLinks is the maximum number of symbolic links to follow, as on Linux.
const maxLinks = 40

// Check returns nil if only root and the effective user can change or replace the file at path. It walks from the
// root directory as the operating system does, and checks every directory and every symbolic link. Each must belong
// to root or the effective user, and must not be writable by its group or others. Directories above the file may have
// the sticky bit instead, because other users cannot replace files of this user there; the last element of path may
// not.
//
// Because the parents of an element are checked first, only root or the user can change what has been checked. The
// error is an *Error, or the error of the operating system if an element is missing or cannot be read. If it wraps
// fs.ErrNotExist, the existing part of the path is safe.
func Check(path string) error {
	if !filepath.IsAbs(path) {
		dir, err := os.Getwd()
		if err != nil {
			return err
		}
		path = dir + "/" + path // not cleaned, because the element before ".." may be a link
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
			at = filepath.Dir(at) // already checked
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

// check checks one file, directory or link. The last element of the path is checked a second time with last set.
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
