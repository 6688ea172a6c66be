package atomicfile

import (
	"os"
	"strings"
)

const separator = string(os.PathSeparator)

// Clean returns an absolute path without ".", ".." and superfluous separators, such as one at its end, behind which a link
// would be followed. ok is false for a relative path.
func Clean(path string) (clean string, ok bool) {
	top, rest, ok := split(path)
	if !ok {
		return path, false
	}
	var names []string
	for _, name := range elements(rest) {
		switch name {
		case ".":
		case "..":
			names = names[:max(len(names)-1, 0)]
		default:
			names = append(names, name)
		}
	}
	return top + strings.Join(names, separator), true
}

// elements returns the names in a path, from the top down.
func elements(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r < 0x80 && os.IsPathSeparator(uint8(r)) })
}

// join appends a name to the path of a directory.
func join(dir, name string) string {
	if dir != "" && os.IsPathSeparator(dir[len(dir)-1]) {
		return dir + name
	}
	return dir + separator + name
}
