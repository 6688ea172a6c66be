//go:build unix

package cachekey

import (
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"ecrlogin/internal/environ"
)

// findProgram returns the path at which a shell finds a program, or the zero values if it does not exist.
func findProgram(env environ.Env, name string) (path string, info fs.FileInfo) {
	if strings.Contains(name, "/") {
		if info, err := os.Stat(name); err == nil {
			return name, info
		}
		return "", nil
	}
	for dir := range strings.SplitSeq(env.Get("PATH"), ":") {
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

// inode returns the inode number of a file, which differs for a copy with the same size and time.
func inode(info fs.FileInfo) string {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return strconv.FormatUint(uint64(stat.Ino), 10)
	}
	return ""
}
