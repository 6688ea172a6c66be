package userfile

import (
	"errors"
	"fmt"

	"ecrlogin/internal/atomicfile"
)

// failure is the error for what could not be done with a file. As root it may be that another user could have misled it.
func failure(path, what string, err error, next string) error {
	var unsafe *atomicfile.UnsafeError
	if errors.As(err, &unsafe) {
		return fmt.Errorf("%s: not accessed as root, because %w; run this as the user whose file it is", path, unsafe)
	}
	return fmt.Errorf("%s: %s: %w; %s", path, what, atomicfile.Cause(err), next)
}

func unremovable(path string, err error) error {
	return failure(path, "cannot be removed", err, "check the owner and mode of its directory")
}
