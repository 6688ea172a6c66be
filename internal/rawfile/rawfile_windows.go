// Package rawfile reads files. On Windows, it has no advantage over package os.
package rawfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// Read is os.ReadFile.
func Read(path string) ([]byte, error) { return os.ReadFile(path) }

// ReadSame is not supported on Windows.
func ReadSame(string, os.FileInfo) (content []byte, ok bool) { return nil, false }

// ErrLimit reports a file that ReadLimited does not read.
var ErrLimit = errors.New("larger than the limit, or not a regular file")

// ReadLimited reads a regular file of at most limit bytes. The error wraps ErrLimit for any other file.
func ReadLimited(path string, limit int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err == nil && (!info.Mode().IsRegular() || len(b) > limit) {
		err = &fs.PathError{Op: "read", Path: path, Err: ErrLimit}
	}
	return b, err
}
