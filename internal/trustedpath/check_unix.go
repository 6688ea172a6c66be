//go:build unix

package trustedpath

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/atomicfile"
)

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
	var last string
	var lastInfo fs.FileInfo
	err := atomicfile.Walk(path, func(at string, info fs.FileInfo, err error) error {
		if err != nil {
			return err
		}
		last, lastInfo = at, info
		return check(at, info, true)
	})
	if err != nil {
		return err
	}
	return check(last, lastInfo, false)
}

// check checks a file, directory or link. A directory may have the sticky bit if mayBeSticky is set.
func check(path string, info fs.FileInfo, mayBeSticky bool) error {
	mode, link := info.Mode(), info.Mode()&fs.ModeSymlink != 0
	if uid := int(info.Sys().(*syscall.Stat_t).Uid); uid != 0 && uid != os.Geteuid() {
		if link {
			return &Error{advice.Errorf("%s is a symbolic link of user %d", path, uid).Then("sudo chown -h root: %s", path)}
		}
		return &Error{advice.Errorf("%s belongs to user %d", path, uid).Then("sudo chown root: %s", path)}
	}
	sticky := mode.IsDir() && mode&fs.ModeSticky != 0
	if !link && mode&0o022 != 0 && !(sticky && mayBeSticky) {
		return &Error{advice.Errorf("%s is writable by others than its owner (%s)", path, mode).Then("sudo chmod go-w %s", path)}
	}
	return nil
}
