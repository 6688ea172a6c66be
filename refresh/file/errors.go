package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/atomicfile"
)

// inaccessible returns the error for a directory that cannot be opened.
func (w *writer) inaccessible(err error) error {
	dir := filepath.Dir(w.place.Path())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return advice.Errorf("%s: the directory %s does not exist", w.Path, dir).
			Then("mount the volume there, or create the directory")
	case errors.Is(err, syscall.ENOTDIR):
		return advice.Errorf("%s: %s is not a directory", w.Path, dir).Then("correct the path")
	}
	return w.unwritable(err)
}

// unwritable returns the error for an operation in the directory.
func (w *writer) unwritable(err error) error {
	dir := filepath.Dir(w.place.Path())
	what, next := "cannot be written in "+dir, "check the volume"
	switch {
	case errors.Is(err, syscall.EBUSY):
		next = "a file that is a mount point cannot be replaced, so mount the volume at the directory (without subPath)"
	case errors.Is(err, syscall.EROFS):
		next = "mount the volume without readOnly"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		next = "free space in the volume, or enlarge it"
	case errors.Is(err, fs.ErrPermission):
		return advice.Errorf("%s: %s%s: %w", w.Path, what, byUser(), atomicfile.Cause(err)).
			Then("check the owner and mode of the directory, or set fsGroup in the securityContext of the pod")
	}
	return advice.Errorf("%s: %s: %w", w.Path, what, atomicfile.Cause(err)).Then("%s", next)
}

// byUser returns the user of this process for messages about permissions.
func byUser() string {
	if runtime.GOOS == "windows" {
		return ""
	}
	return fmt.Sprintf(" by user %d", os.Geteuid())
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
