package config

import (
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"ecrlogin/config/file"
	"ecrlogin/internal/strictyaml"
)

// Parse reads the content of a file. It is strict: an unknown key, a key given twice, a value of another type, a pattern that
// can match nothing and a rule that an earlier one hides are errors, all of type *Error. The path is for these. It takes time
// in proportion to the size of the content, which is limited to file.MaxSize, as are nesting and the length of a line.
func Parse(path string, content []byte) (*Config, error) {
	p := newDocument(path, content)
	if len(content) > file.MaxSize {
		return nil, p.at(1, 1, fmt.Sprintf("the file has %d bytes, and the limit is %d; shorten it", len(content), file.MaxSize))
	}
	for i, line := range p.lines {
		if len(line) > maxLine {
			return nil, p.at(i+1, maxLine, "the line is too long for a configuration")
		}
	}
	body, err := p.Parse(content)
	if err != nil {
		return nil, err
	}
	c := &Config{Path: path}
	if body != nil {
		if err := p.config(body, c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// maxLine limits a line, in bytes. The longest value, an external ID, has 1,224.
const maxLine = 2000

// A document is the file while it is read.
type document struct {
	strictyaml.Reader
	path  string
	lines []string
}

func newDocument(path string, content []byte) *document {
	p := &document{path: path, lines: strings.Split(string(content), "\n")}
	p.At = p.at
	return p
}

func (p *document) at(line, column int, what string) error {
	e := &Error{Path: p.path, Line: line, Column: column, What: what}
	if line <= len(p.lines) {
		e.Text = p.lines[line-1]
	}
	return e
}

// text reads a text, which check may refuse.
func (p *document) text(into *string, check func(string) error) strictyaml.Field {
	return func(n *yaml.Node) error {
		s, ok := strictyaml.Text(n)
		switch {
		case strictyaml.IsNull(n):
			return p.Wrong(n, "there is no value; write one, or leave the key out")
		case !ok:
			return p.Wrong(n, "this must be text; put it in quotes")
		case s == "":
			return p.Wrong(n, "the value is empty; write one, or leave the key out")
		}
		if err := check(s); err != nil {
			return p.Wrong(n, "%q cannot be used: %v", short(s), err)
		}
		*into = s
		return nil
	}
}

// duration reads a duration from least to most.
func (p *document) duration(into *time.Duration, least, most time.Duration) strictyaml.Field {
	var s string
	read := p.text(&s, func(s string) (err error) {
		*into, err = duration(s, least, most)
		return err
	})
	return func(n *yaml.Node) error {
		if n.Kind == yaml.ScalarNode && n.Value != "" && strings.Trim(n.Value, "0123456789.") == "" {
			return p.Wrong(n, "%q has no unit; write %[1]ss for seconds, or another duration such as 90s, 15m or 1h30m", n.Value)
		}
		return read(n)
	}
}
