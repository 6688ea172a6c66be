package file

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/atomicfile"
)

// inaccessible returns the error for a directory that cannot be opened.
func (t *target) inaccessible(p *atomicfile.Place, err error) error {
	dir := filepath.Dir(p.Path())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return advice.Errorf("%s: the directory %s does not exist", t.Path, dir).
			Then("mount the volume there, or create the directory")
	case errors.Is(err, syscall.ENOTDIR):
		return advice.Errorf("%s: %s is not a directory", t.Path, dir).Then("correct the path")
	}
	return t.unwritable(p, err)
}

// unwritable returns the error for an operation in the directory.
func (t *target) unwritable(p *atomicfile.Place, err error) error {
	dir := filepath.Dir(p.Path())
	what, next := "cannot be written in "+dir, "check the volume"
	switch {
	case errors.Is(err, syscall.EBUSY):
		next = "a file that is a mount point cannot be replaced, so mount the volume at the directory (without subPath)"
	case errors.Is(err, syscall.EROFS):
		next = "mount the volume without readOnly"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		next = "free space in the volume, or enlarge it"
	case errors.Is(err, fs.ErrPermission):
		return advice.Errorf("%s: %s by user %d: %w", t.Path, what, os.Geteuid(), atomicfile.Cause(err)).
			Then("check the owner and mode of the directory, or set fsGroup in the securityContext of the pod")
	}
	return advice.Errorf("%s: %s: %w", t.Path, what, atomicfile.Cause(err)).Then("%s", next)
}

// explain returns an error with a next step. Errors that have none occurred before the directory was opened.
func (t *target) explain(err error) error {
	if _, ok := errors.AsType[*advice.Error](err); ok || err == nil {
		return err
	}
	if unsafe, ok := errors.AsType[*atomicfile.UnsafeError](err); ok {
		return advice.Errorf("%s: not written as root, because %w", t.Path, unsafe).
			Then("remove it, or specify a path without it")
	}
	if errors.Is(err, errAgain) {
		return advice.Errorf("%s: not written: %w", t.Path, err).Then("check which program writes it")
	}
	return advice.Errorf("%s: cannot be written: %w", t.Path, atomicfile.Cause(err)).Then("check the path")
}
