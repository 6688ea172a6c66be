package atomicfile

import (
	"io/fs"
	"os"
)

// On Windows, a file inherits its owner and permissions from its directory. The file mode does not contain them.

// Owner returns 0 and 0.
func Owner(fs.FileInfo) (uid, gid int) { return 0, 0 }

func hardLinks(fs.FileInfo) uint64 { return 1 }

// Private returns an UnsafeError if the file or directory is a link. Other users cannot write to directories of this
// user.
func Private(path string, info fs.FileInfo) error {
	if info.Mode()&(fs.ModeSymlink|fs.ModeIrregular) != 0 {
		return &UnsafeError{path, "is a link"}
	}
	return nil
}

func own(*os.File, fs.FileInfo) error { return nil }

func chmod(*os.File, fs.FileMode) error { return nil }
