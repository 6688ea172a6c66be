package doctor

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
)

// sudoUser returns the user who ran sudo, if a file is not in that user's home directory; "" otherwise.
func sudoUser(file string) string {
	who := os.Getenv("SUDO_USER")
	if who == "" || who == "root" {
		return ""
	}
	u, err := user.Lookup(who)
	if err != nil || strings.HasPrefix(file, u.HomeDir+string(filepath.Separator)) {
		return ""
	}
	return who
}

// withUser adds a first step under sudo, which reports whose files and environment are checked.
func (d *Doctor) withUser(steps []step) []step {
	home, _ := os.UserHomeDir() // without one there are no user files
	who := sudoUser(home + string(filepath.Separator))
	if who == "" {
		return steps
	}
	as := "root"
	if u, err := user.Current(); err == nil {
		as = u.Username
	}
	return append([]step{{"user", nil, func(context.Context) result {
		return skipped("started by %s with sudo, so the files in %s and the environment of %s are checked", who, cmp.Or(home, "no home directory"), as).
			then("%s", fmt.Sprintf("to check those of %s, run it without sudo", who))
	}}}, steps...)
}
