package strictyaml

import (
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/configpath"
	"ecrlogin/internal/oneline"
)

// An Error is a mistake in a configuration file.
type Error struct {
	Path         string
	Line, Column int    // from 1
	Text         string // the line
	What         string // cause and next step
}

// Error returns the error as one line: "PATH:LINE:COLUMN: WHAT; the line is: TEXT". It omits an empty line. A tab in
// the indentation of the line is shown as \t, because it would not be visible.
func (e *Error) Error() string {
	text := oneline.Value(e.Text)
	if blank := e.Text[:len(e.Text)-len(strings.TrimLeft(e.Text, " \t"))]; strings.Contains(blank, "\t") {
		text = strings.ReplaceAll(blank, "\t", `\t`) + text
	}
	where := fmt.Sprintf("%s:%d:%d: %s", e.Path, e.Line, e.Column, e.What)
	if text == "" { // an empty file
		return where
	}
	return where + "; the line is: " + text
}

// maxLine is the maximum length of a line, in bytes. The longest value, an external ID, has up to 1,224.
const maxLine = 2000

// A Document is a configuration file. Its errors are of type *Error.
type Document struct {
	Reader
	content []byte
	lines   []string
}

// NewDocument returns the document with that content. The path is only used in errors.
func NewDocument(path string, content []byte) *Document {
	d := &Document{content: content, lines: strings.Split(string(content), "\n")}
	d.At = func(line, column int, problem error) error {
		e := &Error{Path: path, Line: line, Column: column, What: problem.Error()}
		if line <= len(d.lines) {
			e.Text = d.lines[line-1]
		}
		return e
	}
	return d
}

// CheckSize returns an error if the document is larger than configpath.MaxSize.
func (d *Document) CheckSize() error {
	if len(d.content) <= configpath.MaxSize {
		return nil
	}
	return d.At(1, 1, advice.Errorf("the file has %d bytes, more than the limit of %d",
		len(d.content), configpath.MaxSize).Then("shorten it"))
}

// Root returns the content of the document, or nil if it is empty. The size of the document, its nesting and the
// length of its lines are limited.
func (d *Document) Root() (*yaml.Node, error) {
	if err := d.CheckSize(); err != nil {
		return nil, err
	}
	for i, line := range d.lines {
		if len(line) > maxLine {
			return nil, d.At(i+1, maxLine, advice.Errorf("the line is longer than %d bytes", maxLine).Then("shorten it"))
		}
	}
	return d.Parse(d.content)
}

// Text returns a field that reads a string. An error of check is an error of the field.
func (r Reader) Text(into *string, check func(string) error) Field {
	return func(n *yaml.Node) error {
		s, ok := Text(n)
		switch {
		case IsNull(n):
			return r.Wrong(n, advice.Errorf("missing value").Then("set one, or remove the key"))
		case !ok:
			return r.Wrong(n, advice.Errorf("the value must be a string").Then("enclose it in quotes"))
		case s == "":
			return r.Wrong(n, advice.Errorf("empty value").Then("set one, or remove the key"))
		}
		if err := check(s); err != nil {
			return r.Wrong(n, advice.Errorf("invalid value %q: %v", oneline.Value(s), err))
		}
		*into = s
		return nil
	}
}

// Duration returns a field that reads a duration from least to most.
func (r Reader) Duration(into *time.Duration, least, most time.Duration) Field {
	read := r.Text(new(string), func(s string) error {
		d, err := time.ParseDuration(s)
		if err != nil || d < least || d > most {
			return fmt.Errorf("must be a duration from %s to %s, such as 90s, 15m or 1h30m", least, most)
		}
		*into = d
		return nil
	})
	return func(n *yaml.Node) error {
		if n.Kind == yaml.ScalarNode && n.Value != "" && strings.Trim(n.Value, "0123456789.") == "" {
			return r.Wrong(n, advice.Errorf("duration %q has no unit", n.Value).
				Then("write %ss for seconds, or another duration such as 90s, 15m or 1h30m", n.Value))
		}
		return read(n)
	}
}
