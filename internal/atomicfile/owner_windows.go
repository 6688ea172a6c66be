package atomicfile

import (
	"io/fs"
	"os"
)

// On Windows a file's owner and who may read it come from its directory, and mode bits say nothing.

func asRoot() bool { return false }

func ownerOf(fs.FileInfo) (uid, gid int) { return 0, 0 }

// Private returns an error, which is an UnsafeError, if the file or directory is a link. The user's own directories are
// writable by no other user.
func Private(path string, info fs.FileInfo) error {
	if info.Mode()&(fs.ModeSymlink|fs.ModeIrregular) != 0 {
		return &UnsafeError{path, "is a link"}
	}
	return nil
}

func writable(string, fs.FileInfo) error { return nil }

func foreign(*os.Root) bool { return false }

func own(*os.File, fs.FileInfo) error { return nil }

func inherit(*os.Root, *os.File) error { return nil }

func chmod(*os.File, fs.FileMode) error { return nil }

func adopt(_, _ *os.Root, _ fs.FileMode, _ bool) error { return nil }
