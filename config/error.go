package config

import (
	"fmt"

	"ecrlogin/internal/strictyaml"
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
func short(s string) string { return strictyaml.Short(s, 120) }
