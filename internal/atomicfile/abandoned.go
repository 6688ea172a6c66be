package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"ecrlogin/internal/filelock"
)

// Lock protects a new file from RemoveAbandoned until Rename has returned, on Windows until it begins. It has no effect
// on a file system without locks.
func (t *Temp) Lock() { t.locked, _ = filelock.TryLock(t.File) }

// RemoveAbandoned removes the temporary files of processes that were killed before they could rename or remove them:
// those that Create created with that prefix and suffix, and that are not locked.
//
// A process can lose a file that it has created and not yet locked. It has to create another one if Rename returns
// fs.ErrNotExist.
func RemoveAbandoned(dir *os.Root, prefix, suffix string) error {
	d, err := dir.Open(".")
	if err != nil {
		return err
	}
	names, err := d.Readdirnames(-1)
	d.Close()
	for _, name := range names {
		if isTemp(name, prefix, suffix) && !inUse(dir, name) {
			if failed := dir.Remove(name); !errors.Is(failed, fs.ErrNotExist) {
				err = errors.Join(err, failed)
			}
		}
	}
	return err
}

func isTemp(name, prefix, suffix string) bool {
	digits, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return false
	}
	digits, ok = strings.CutSuffix(digits, suffix)
	return ok && len(digits) == 16 && strings.Trim(digits, "0123456789abcdef") == ""
}

// inUse reports whether a process has locked a file, or whether it is not a regular file, which Create does not create.
func inUse(dir *os.Root, name string) bool {
	f, _, err := openRegular(dir, name, os.O_RDONLY)
	if err != nil {
		return !errors.Is(err, fs.ErrPermission)
	}
	defer f.Close()
	ok, err := filelock.TryLock(f)
	return !ok && err == nil
}
