//go:build unix

// Package rawfile reads files without the poller of the Go runtime. Package os initializes it for the first file that a
// process opens, which takes a considerable part of the time of a cache hit.
package rawfile

import (
	"io/fs"
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

func open(path string, flags int) (fd int, err error) {
	for {
		fd, err = syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC|flags, 0)
		if err != syscall.EINTR {
			return fd, err
		}
	}
}

// read reads a file until its end. It usually has the given size.
func read(fd int, size int64) ([]byte, error) {
	b := make([]byte, 0, size+1) // one more, to notice the end
	for {
		n, err := syscall.Read(fd, b[len(b):cap(b)])
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return nil, err
		case n == 0:
			return b, nil
		}
		if b = b[:len(b)+n]; len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
	}
}
