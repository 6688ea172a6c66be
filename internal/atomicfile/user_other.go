//go:build !linux

package atomicfile

import (
	"io/fs"
	"os"
)

// asUser returns false: a thread cannot have the file system rights of another user.
func asUser(int, func()) bool { return false }

// user returns -1 on Windows.
func user() int { return os.Geteuid() }

// withGroup calls do. New files get the group of the directory or of this process.
func withGroup(_ fs.FileInfo, do func() error) error { return do() }
