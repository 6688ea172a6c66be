package userfile

import (
	"bytes"
	"os"

	"github.com/rogpeppe/go-internal/diff"
)

// Diff returns the difference between two texts for people, as diff -u does, and "" if there is none. A nil text is
// that of no file.
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
