//go:build unix

// Package rawfile reads files without the poller of the Go runtime. Package os initializes it for the first file that a
// process opens, which takes a considerable part of the time of a cache hit.
package rawfile

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"syscall"
)

// Read is os.ReadFile.
func Read(path string) ([]byte, error) {
	fd, err := open(path, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer syscall.Close(fd)
	var info syscall.Stat_t
	if err := syscall.Fstat(fd, &info); err != nil {
		return nil, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	b, err := read(fd, info.Size)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	return b, nil
}

// ReadSame reads the regular file that info describes. ok is false if path is now another file, or cannot be read.
func ReadSame(path string, info os.FileInfo) (content []byte, ok bool) {
	want, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.Mode().IsRegular() {
		return nil, false
	}
	fd, err := open(path, syscall.O_NOFOLLOW|syscall.O_NONBLOCK) // a pipe may have replaced the file
	if err != nil {
		return nil, false
	}
	defer syscall.Close(fd)
	var got syscall.Stat_t
	if err := syscall.Fstat(fd, &got); err != nil || got.Dev != want.Dev || got.Ino != want.Ino ||
		got.Mode != want.Mode || got.Uid != want.Uid { // another file can get the inode of a removed one
		return nil, false
	}
	content, err = read(fd, got.Size)
	return content, err == nil
}

// ErrLimit reports a file that ReadLimited does not read.
var ErrLimit = errors.New("larger than the limit, or not a regular file")

// ReadLimited reads a regular file of at most limit bytes, and never waits for the writer of a pipe. The error wraps
// ErrLimit for any other file.
func ReadLimited(path string, limit int) ([]byte, error) {
	fd, err := open(path, syscall.O_NONBLOCK)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer syscall.Close(fd)
	var info syscall.Stat_t
	if err := syscall.Fstat(fd, &info); err != nil {
		return nil, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	if info.Mode&syscall.S_IFMT != syscall.S_IFREG || info.Size > int64(limit) {
		return nil, &fs.PathError{Op: "read", Path: path, Err: ErrLimit}
	}
	b, err := readUpTo(fd, info.Size, limit+1)
	if err == nil && len(b) > limit { // it has grown
		err = ErrLimit
	}
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	return b, nil
}

func open(path string, flags int) (fd int, err error) {
	for {
		fd, err = syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC|flags, 0)
		if err != syscall.EINTR {
			return fd, err
		}
	}
}

// read reads a file until its end. It usually has the given size.
func read(fd int, size int64) ([]byte, error) { return readUpTo(fd, size, math.MaxInt) }

// readUpTo is read, but stops when it has read limit bytes or more.
func readUpTo(fd int, size int64, limit int) ([]byte, error) {
	b := make([]byte, 0, size+1) // one more, to notice the end
	for {
		n, err := syscall.Read(fd, b[len(b):cap(b)])
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return nil, err
		case n == 0 || len(b)+n >= limit:
			return b[:len(b)+n], nil
		}
		if b = b[:len(b)+n]; len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
	}
}
