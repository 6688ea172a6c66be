//go:build unix

package store

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// notFolder is the error for a path of which an element other than the last is not a directory.
const notFolder = syscall.ENOTDIR

// systemDir returns the cache directory for root without its own home directory, as in daemons.
func systemDir() string {
	if os.Geteuid() != 0 {
		return ""
	}
	return "/var/cache/ecr-login"
}

// accountHome returns the user's home directory from the account database, as os/user does. It does not use os/user,
// which is initialized too late.
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
