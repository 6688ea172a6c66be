//go:build unix

package store

import (
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// findProgram returns where a shell finds a program, and the zero values if it does not.
func findProgram(name string) (path string, info fs.FileInfo) {
	if strings.Contains(name, "/") {
		if info, err := os.Stat(name); err == nil {
			return name, info
		}
		return "", nil
	}
	for dir := range strings.SplitSeq(os.Getenv("PATH"), ":") {
		if dir == "" {
			dir = "."
		}
		path := dir + "/" + name
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, info
		}
	}
	return "", nil
}

// inode returns the number of a file, which a copy with the same size and time does not have.
func inode(info fs.FileInfo) string {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return strconv.FormatUint(uint64(stat.Ino), 10)
	}
	return ""
}
