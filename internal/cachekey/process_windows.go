package cachekey

import (
	"io/fs"
	"os"
	"strings"

	"ecrlogin/internal/environ"
)

// findProgram returns the path at which cmd.exe finds a program, or the zero values if it does not exist.
func findProgram(env environ.Env, name string) (path string, info fs.FileInfo) {
	dirs := []string{""} // for a name with a path
	if !strings.ContainsAny(name, `:\/`) {
		dirs = append([]string{`.\`}, strings.Split(env.Get("PATH"), ";")...)
	}
	extensions := strings.Split(env.Get("PATHEXT"), ";")
	if strings.Contains(name, ".") {
		extensions = append([]string{""}, extensions...)
	}
	for _, dir := range dirs {
		if dir = strings.Trim(dir, `"`); dir != "" && !strings.HasSuffix(dir, `\`) {
			dir += `\`
		}
		for _, extension := range extensions {
			if info, err := os.Stat(dir + name + extension); err == nil && info.Mode().IsRegular() {
				return dir + name + extension, info
			}
		}
	}
	return "", nil
}

// inode returns "", because Windows returns the number of a file only after opening it.
func inode(fs.FileInfo) string { return "" }
