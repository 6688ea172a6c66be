package store

import (
	"io/fs"
	"os"
	"strings"
)

// findProgram returns where cmd.exe finds a program, and the zero values if it does not.
func findProgram(name string) (path string, info fs.FileInfo) {
	dirs := []string{""} // for a name with a path
	if !strings.ContainsAny(name, `:\/`) {
		dirs = append([]string{`.\`}, strings.Split(os.Getenv("PATH"), ";")...)
	}
	extensions := strings.Split(os.Getenv("PATHEXT"), ";")
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

// inode returns nothing: Windows tells the number of a file only to those who open it.
func inode(fs.FileInfo) string { return "" }
