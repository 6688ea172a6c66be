package store

import (
	"errors"
	"io/fs"
	"syscall"
)

const nonBlocking = 0

const notFolder = syscall.ENOTDIR

// safe returns why a folder or file must not be trusted. On Windows the folder is below the user's own, which other
// users cannot write to, and mode bits tell nothing.
func safe(info fs.FileInfo) error {
	if info.Mode()&(fs.ModeSymlink|fs.ModeIrregular) != 0 {
		return errors.New("is a link")
	}
	return nil
}

func systemDir() string { return "" }

// accountHome is not needed where %USERPROFILE% is always set.
func accountHome() string { return "" }
