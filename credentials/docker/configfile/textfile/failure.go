package textfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"ecrlogin/internal/atomicfile"
)

// failure is the error for what could not be done with a file. As root it may be that another user could have misled it.
func failure(path, what string, err error, next string) error {
	var unsafe *atomicfile.UnsafeError
	if errors.As(err, &unsafe) {
		return fmt.Errorf("%s: not accessed as root, because %w; run this as the user whose file it is", path, unsafe)
	}
	return fmt.Errorf("%s: %s: %w; %s", path, what, cause(err), next)
}

func unremovable(path string, err error) error {
	return failure(path, "cannot be removed", err, "see who owns its folder and what its mode is")
}

// cause leaves out of an error the path, which the sentence around it names in the user's terms.
func cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
