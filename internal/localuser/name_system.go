//go:build windows || darwin

package localuser

import "os/user"

// systemName returns the name that the system returns, on macOS from its directory service, or "" if there is none.
func systemName() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}
