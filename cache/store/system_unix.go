//go:build unix

package store

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// notFolder is what a path is when a part of it that must be a folder is not.
const notFolder = syscall.ENOTDIR

// systemDir is the directory for root without a home directory of its own, such as daemons.
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
