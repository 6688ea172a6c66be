package cachekey

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"ecrlogin/internal/environ"
	"ecrlogin/internal/rawfile"
)

// ErrTooLarge reports an AWS file that is not read, because reading it for each get would take too long.
var ErrTooLarge = errors.New("is too large")

// maxFile is the maximum size of an AWS file, in bytes. Files with hundreds of accounts have some hundred thousand.
const maxFile = 16 << 20

// awsFiles are the AWS files.
var awsFiles = []awsFile{{"AWS_CONFIG_FILE", "config"}, {"AWS_SHARED_CREDENTIALS_FILE", "credentials"}}

// An awsFile is one of the AWS files: the variable that contains its path, and its name in ~/.aws.
type awsFile struct{ variable, name string }

// path returns the path from which the AWS SDK reads the file.
func (f awsFile) path(env environ.Env) string {
	if path := env.Get(f.variable); path != "" {
		return path
	}
	return env.UserHome() + "/.aws/" + f.name
}

// errSearch reports that this process may not search the directories above a file.
var errSearch = errors.New("cannot be searched for")

// readFile reads a file. It does not open a named pipe: if a reader closes it again, the writer is terminated, and the
// SDK could not read the pipe.
func readFile(path string) (file, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR):
		return file{}, nil
	case errors.Is(err, fs.ErrPermission):
		return file{}, fmt.Errorf("%w: %w", errSearch, err)
	case err != nil:
		return file{}, err
	case !info.Mode().IsRegular():
		return file{}, &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	case info.Size() > maxFile:
		return file{}, fmt.Errorf("%s %w: it has %d bytes, and the limit is %d", path, ErrTooLarge, info.Size(), maxFile)
	}
	content, err := rawfile.Read(path)
	return file{exists: err == nil, content: content}, err
}
