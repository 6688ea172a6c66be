package main

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

// described matches the output of git describe: a version, an optional pre-release, the number of commits since then,
// and the commit.
var described = regexp.MustCompile(
	`^v?(\d+\.\d+\.\d+)(?:-((?:alpha|beta|rc)\.?\d+))?(?:-(\d+)-(g[0-9a-f]+))?(-dirty)?$`)

// packageVersion returns the version of a package: 0.1.0-rc.1 is older than 0.1.0, and 0.1.0-3-g1a2b3c4 (3 commits
// later) is newer. A commit without a tag before it is newer than 0.0.0.
func packageVersion(version, format string) (string, error) {
	m := described.FindStringSubmatch(version)
	if m == nil {
		commit := strings.TrimSuffix(version, "-dirty")
		if !regexp.MustCompile(`^[0-9a-z]+$`).MatchString(commit) {
			return "", fmt.Errorf("invalid version %q; want MAJOR.MINOR.PATCH, or the output of git describe", version)
		}
		m = []string{"", "0.0.0", "", "0", "g" + commit, strings.TrimPrefix(version, commit)}
	}
	base, pre, commits, commit, dirty := m[1], m[2], m[3], m[4], m[5]
	if format == "apk" {
		if pre != "" {
			base += "_" + strings.ReplaceAll(pre, ".", "")
		}
		if commits != "" || dirty != "" {
			base += "_p" + cmp.Or(commits, "0")
		}
		return base, nil
	}
	if pre != "" {
		base += "~" + pre
	}
	if commits != "" {
		base += "+" + commits + "." + commit
	}
	if dirty != "" {
		base += "+dirty"
	}
	return base, nil
}
