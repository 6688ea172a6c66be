//go:build unix

package store

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// nonBlocking keeps an open of a named pipe from waiting for its other end.
const nonBlocking = syscall.O_NONBLOCK

// notFolder is what a path is when a part of it that must be a folder is not.
const notFolder = syscall.ENOTDIR

// safe returns why a folder or file must not be trusted: it is a link, somebody else's, or others can write to it.
func safe(info fs.FileInfo) error {
	if info.Mode()&fs.ModeSymlink != 0 {
		return errors.New("is a link")
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Geteuid() {
		return errors.New("belongs to another user")
	}
	if info.Mode().Perm()&0o022 != 0 {
		return errors.New("can be written to by others")
	}
	return nil
}

// systemDir is the folder of daemons that run as root and have no HOME.
func systemDir() string {
	if os.Geteuid() != 0 {
		return ""
	}
	return "/var/cache/ecr-login"
}

// accountHome is the home folder that the system knows of this user, as os/user finds it. That package is not used because
// it would be initialised too late.
func accountHome() string {
	accounts, err := os.ReadFile("/etc/passwd")
	if err != nil {
		return ""
	}
	uid := strconv.Itoa(os.Getuid())
	for line := range strings.Lines(string(accounts)) {
		// name:password:uid:gid:comment:home:shell
		if f := strings.Split(line, ":"); len(f) > 6 && f[2] == uid {
			return f[5]
		}
	}
	return ""
}
