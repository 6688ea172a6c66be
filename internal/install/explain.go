package install

import (
	"errors"
	"io/fs"
	"path/filepath"
	"syscall"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/atomicfile"
)

// explain returns an error of Write with a next step. The size is that of the program in bytes.
func explain(path string, size int, err error) error {
	if err == nil {
		return nil
	}
	dir := filepath.Dir(path)
	if unsafe, ok := errors.AsType[*atomicfile.UnsafeError](err); ok {
		return advice.Errorf("%s: cannot install this program: %w", path, unsafe).
			Then("specify another directory, or run this command as its owner")
	}
	next := "check the owner and mode of " + dir
	switch {
	case errors.Is(err, syscall.ENOTDIR):
		next = "specify a directory"
	case errors.Is(err, syscall.EROFS):
		next = "mount the volume without readOnly, or specify another directory"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return advice.Errorf("%s: cannot install this program: %w", path, atomicfile.Cause(err)).
			Then("free %d MiB in %s, or enlarge the volume", size>>20+1, dir)
	case errors.Is(err, syscall.EBUSY), errors.Is(err, syscall.ETXTBSY), errors.Is(err, syscall.EXDEV):
		next = "the file is in use or a mount point; stop the programs that use it, and mount the volume at the directory"
	case errors.Is(err, fs.ErrPermission):
		next = "check the owner and mode of " + dir + ", run this command as a user who can write there, " +
			"or set fsGroup in the securityContext of the pod"
	}
	return advice.Errorf("%s: cannot install this program: %w", path, atomicfile.Cause(err)).Then("%s", next)
}
