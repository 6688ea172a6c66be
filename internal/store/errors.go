package store

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/atomicfile"
	"ecrlogin/internal/environ"
)

// ErrUnsafe reports that a directory or an entry is not used because another user could have written it or could read
// it, or because its path is relative.
var ErrUnsafe = errors.New("not used")

// ErrUnusable reports that a directory cannot be used, for a reason that the user can correct. It does not include a
// read-only file system, as in containers, or a missing parent of the default directory: these are usually intended,
// and should not cause a notice for each token.
var ErrUnusable = errors.New("cannot be used")

// failure returns the error for a directory, whose path is clean, that cannot be opened or written to. It returns an
// error that wraps fs.ErrNotExist unchanged.
func failure(dir string, env environ.Env, err error) error {
	if unsafe, ok := errors.AsType[*atomicfile.UnsafeError](err); ok {
		return unsafeDir(dir, unsafe)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	kind := ErrUnusable
	parent := defaultParent(env)
	standard, _ := atomicfile.Clean(parent + subdirectory)
	_, missing := os.Stat(parent)
	if errors.Is(err, syscall.EROFS) || parent != "" && dir == standard && missing != nil {
		kind = errQuiet
	}
	next := "check its owner and mode"
	switch {
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		next = "free some space there"
	case errors.Is(err, errNoLocks):
		next = "see whether its file system supports locks"
	case errors.Is(err, syscall.ENOTDIR):
		next = "move the file away"
	}
	return advice.Errorf("the cache directory %s %w: %w", dir, kind, atomicfile.Cause(err)).
		Then("%s, or set AWS_ECR_CACHE_DIR to another directory", next)
}

// errQuiet replaces ErrUnusable if no notice should be printed.
var errQuiet = errors.New(ErrUnusable.Error())

var errNoLocks = errors.New("a file cannot be locked")

func unsafeDir(dir string, why *atomicfile.UnsafeError) error {
	next := "set AWS_ECR_CACHE_DIR to another directory"
	if _, ok := atomicfile.Clean(dir); !ok {
		next = "set AWS_ECR_CACHE_DIR to an absolute path or to one that begins with ~/"
	}
	what := "it"
	if why.Path != dir {
		what = why.Path
	}
	return advice.Errorf("the cache directory %s is %w, because %s %s", dir, ErrUnsafe, what, why.Reason).Then("%s", next)
}
