//go:build unix

package textfile

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// own gives path to the owner of another file. Only root can give something away; for others it is right already, but
// for the group, which is theirs to choose among their own.
func own(path string, like fs.FileInfo) error {
	owner, ok := like.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	if os.Geteuid() != 0 {
		_ = os.Lchown(path, -1, int(owner.Gid))
		return nil
	}
	return os.Lchown(path, int(owner.Uid), int(owner.Gid))
}

// inherit gives something new to the owner of the folder it is in, so that what root makes in somebody's home, by sudo for
// example, does not shut them out.
func inherit(path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	dir, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	return own(path, dir)
}
