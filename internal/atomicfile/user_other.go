//go:build !linux

package atomicfile

import (
	"io/fs"
	"os"
)

// asUser returns false: a thread cannot have the file system rights of another user.
func asUser(int, func()) bool { return false }

func (p *Place) openBase() {}

// user returns -1 on Windows.
func user() int { return os.Geteuid() }

// New files get the group of the directory or of this process.

func inGroup(_ *os.Root, create func() error) error { return create() }

func withGroup(_ fs.FileInfo, do func() error) error { return do() }
