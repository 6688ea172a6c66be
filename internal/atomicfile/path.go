package atomicfile

import (
	"os"
	"strings"
)

const separator = string(os.PathSeparator)

// Clean returns an absolute path without ".", "..", repeated separators and a separator at its end, after which a link
// would be followed. ok is false for a relative path.
func Clean(path string) (clean string, ok bool) {
	top, rest, ok := split(path)
	if !ok {
		return path, false
	}
	var names []string
	for _, name := range elements(rest) {
		if name == ".." {
			names = names[:max(len(names)-1, 0)]
			continue
		}
		names = append(names, name)
	}
	return top + strings.Join(names, separator), true
}

// elements returns the names in a path from the top down, without ".".
func elements(path string) []string {
	var names []string
	for name := range strings.FieldsFuncSeq(path, func(r rune) bool { return r < 0x80 && os.IsPathSeparator(uint8(r)) }) {
		if name != "." {
			names = append(names, name)
		}
	}
	return names
}

// join appends a name to the path of a directory.
func join(dir, name string) string {
	if os.IsPathSeparator(dir[len(dir)-1]) {
		return dir + name
	}
	return dir + separator + name
}

// cut divides a clean absolute path into the path of the parent directory and the last name.
func cut(path string) (parent, name string) {
	top, _, _ := split(path)
	end := len(path)
	for end > len(top) && !os.IsPathSeparator(path[end-1]) {
		end--
	}
	return path[:max(len(top), end-1)], path[end:]
}
