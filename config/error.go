package config

import (
	"fmt"
	"strings"

	"ecrlogin/internal/oneline"
)

// An Error is a mistake in the configuration file.
type Error struct {
	Path         string
	Line, Column int    // from 1
	Text         string // the line
	What         string // cause and next step
}

// Error returns the error as one line: "PATH:LINE:COLUMN: WHAT; the line is: TEXT". A tab in the indentation of the
// line is shown as \t, because it would not be visible.
func (e *Error) Error() string {
	text := oneline.Value(e.Text)
	if blank := e.Text[:len(e.Text)-len(strings.TrimLeft(e.Text, " \t"))]; strings.Contains(blank, "\t") {
		text = strings.ReplaceAll(blank, "\t", `\t`) + text
	}
	return fmt.Sprintf("%s:%d:%d: %s; the line is: %s", e.Path, e.Line, e.Column, e.What, text)
}
