package userfile

import (
	"bytes"
	"os"

	"github.com/rogpeppe/go-internal/diff"
)

// Diff returns the difference between two texts in the format of diff -u; "" if there is none. A nil text means that
// the file does not exist.
func Diff(path string, before, after []byte) string {
	if bytes.Equal(before, after) && (before == nil) == (after == nil) {
		return ""
	}
	name := func(content []byte) string {
		if content == nil {
			return os.DevNull
		}
		return path
	}
	// The first line repeats the names.
	_, text, _ := bytes.Cut(diff.Diff(name(before), before, name(after), after), []byte("\n"))
	return string(text)
}
