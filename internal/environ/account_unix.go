//go:build unix

package environ

import (
	"os"
	"strconv"
	"strings"
)

// accountHome returns the user's home directory from the account database, as os/user does. It does not use os/user,
// which is initialized too late for the fast path.
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
