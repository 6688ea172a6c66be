package config

import (
	"fmt"
	"strings"
)

// An Error is something wrong in the file.
type Error struct {
	Path         string
	Line, Column int    // from 1
	Text         string // the line
	What         string // what is wrong, and what to do
}

// Error returns all of it in one line: "PATH:LINE:COLUMN: WHAT; the line is: TEXT".
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s; the line is: %s", e.Path, e.Line, e.Column, e.What, short(e.Text))
}

// short makes a line of the file, or a part of it, fit for an error.
func short(s string) string {
	const longest = 120
	s = strings.ToValidUTF8(strings.TrimSpace(s), "?")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > longest {
		return string(r[:longest]) + "…"
	}
	return s
}
