package config

import (
	"fmt"
	"strings"

	"ecrlogin/internal/strictyaml"
)

// An Error is something wrong in the file.
type Error struct {
	Path         string
	Line, Column int    // from 1
	Text         string // the line
	What         string // what is wrong, and what to do
}

// Error returns all of it in one line: "PATH:LINE:COLUMN: WHAT; the line is: TEXT". A tab at the beginning of the line, where it
// is a mistake that cannot be seen, is shown as \t.
func (e *Error) Error() string {
	text := short(e.Text)
	if blank := e.Text[:len(e.Text)-len(strings.TrimLeft(e.Text, " \t"))]; strings.Contains(blank, "\t") {
		text = strings.ReplaceAll(blank, "\t", `\t`) + text
	}
	return fmt.Sprintf("%s:%d:%d: %s; the line is: %s", e.Path, e.Line, e.Column, e.What, text)
}

// short makes a line of the file, or a part of it, fit for an error.
func short(s string) string { return strictyaml.Short(s, 120) }
