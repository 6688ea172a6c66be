//go:build unix

package environ

import (
	"os"
	"strconv"
	"strings"
)

// accountHome returns the user's home directory from the account database, as os/user does.
func accountHome() string { return account(5) }

// AccountName returns the user's name from the account database (/etc/passwd); "" if it is unknown.
func AccountName() string { return account(0) }

// account returns a field of the user's line in the account database, or "". It does not use os/user, which is
// initialized too late for the fast path.
func account(field int) string {
	accounts, err := os.ReadFile("/etc/passwd")
	if err != nil {
		return ""
	}
	uid := strconv.Itoa(os.Getuid())
	for line := range strings.Lines(string(accounts)) {
		// name:password:uid:gid:comment:home:shell
		if f := strings.Split(line, ":"); len(f) > 6 && f[2] == uid {
			return f[field]
		}
	}
	return ""
}
