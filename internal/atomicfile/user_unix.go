//go:build unix && !linux

package atomicfile

import (
	"io/fs"
	"os"
)

func user() int { return os.Geteuid() }

func withGroup(_ fs.FileInfo, do func() error) error { return do() }
