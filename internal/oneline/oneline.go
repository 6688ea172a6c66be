// Package oneline prepares text from users and other programs for messages of one line.
package oneline

import (
	"strings"
	"unicode"
)

// Maximum lengths, in characters.
const (
	maxText  = 600
	maxValue = 120
)

// Text returns a message of another program or server on one line, limited to 600 characters.
func Text(s string) string { return cut(Clean(s), maxText) }

// Value returns a value from a file or a request on one line, limited to 120 characters.
func Value(s string) string { return cut(Clean(s), maxValue) }

// Clean replaces each run of white space and characters that are not printable with one space. A terminal interprets
// control characters, and formatting characters of Unicode would let a server hide or reorder the text of a message. It
// removes them at the start and at the end.
func Clean(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
}

// cut marks a cut with "…".
func cut(s string, limit int) string {
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}
