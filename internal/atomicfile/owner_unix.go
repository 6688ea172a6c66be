//go:build unix

package atomicfile

import (
	"io/fs"
	"os"
	"syscall"
)

// Owner returns the user ID and the group ID of a file.
func Owner(info fs.FileInfo) (uid, gid int) {
	stat := info.Sys().(*syscall.Stat_t)
	return int(stat.Uid), int(stat.Gid)
}

// hardLinks returns how many names a file has.
func hardLinks(info fs.FileInfo) uint64 { return uint64(info.Sys().(*syscall.Stat_t).Nlink) }

// Private returns an UnsafeError if the file or directory is a link, belongs to another user or can be written to by
// others.
func Private(path string, info fs.FileInfo) error {
	if info.Mode()&fs.ModeSymlink != 0 {
		return &UnsafeError{path, "is a link"}
	}
	if uid, _ := Owner(info); uid != user() {
		return &UnsafeError{path, "belongs to another user"}
	}
	if info.Mode().Perm()&0o022 != 0 {
		return &UnsafeError{path, "can be written to by others"}
	}
	return nil
}

// own gives an open file the owner and the group of another one. Only root can change the owner. Other users can only
// choose one of their own groups; if that fails, the file keeps its group.
func own(f *os.File, like fs.FileInfo) error {
	uid, gid := Owner(like)
	if asRoot() {
		return f.Chown(uid, gid)
	}
	_ = withGroup(like, func() error { return f.Chown(-1, gid) })
	return nil
}

func chmod(f *os.File, mode fs.FileMode) error { return f.Chmod(mode) }
