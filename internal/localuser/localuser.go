// Package localuser returns the name of the user who runs this process.
package localuser

import (
	"os"
	"strconv"
	"strings"

	"ecrlogin/internal/environ"
)

// Name returns the user's name in the account database of the system: on Linux, /etc/passwd, and on Windows, the name
// without its domain. It does not use the environment, which the user could set to another name, and sudo keeps. A user
// who is not in that database, such as a user of LDAP or of a container, is named "uid-" and the user ID.
func Name() string {
	name := environ.AccountName()
	if name == "" {
		name = systemName()
	}
	if _, inDomain, ok := strings.Cut(name, `\`); ok {
		name = inDomain
	}
	if name == "" {
		name = "uid-" + strconv.Itoa(os.Getuid())
	}
	return name
}
