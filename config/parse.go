package config

import (
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/configpath"
	"ecrlogin/internal/oneline"
	"ecrlogin/internal/strictyaml"
)

// Parse parses the content of a configuration file. It is strict: an unknown or duplicate key, a value of the wrong
// type, a pattern that matches no registry, and a rule that never applies because of an earlier one are errors of
// type *Error. The path is only used in errors. Parse takes time proportional to the size of the content. The size is
// limited to configpath.MaxSize; nesting and the length of a line are limited too.
func Parse(path string, content []byte) (*Config, error) {
	p := newDocument(path, content)
	if len(content) > configpath.MaxSize {
		return nil, p.at(1, 1, advice.Errorf("the file has %d bytes, more than the limit of %d", len(content), configpath.MaxSize).
			Then("shorten it"))
	}
	for i, line := range p.lines {
		if len(line) > maxLine {
			return nil, p.at(i+1, maxLine, advice.Errorf("the line is longer than %d bytes", maxLine).Then("shorten it"))
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

// maxLine is the maximum length of a line, in bytes. The longest value, an external ID, has up to 1,224.
const maxLine = 2000

// A document is a configuration file that is being parsed.
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

func (p *document) at(line, column int, problem error) error {
	e := &Error{Path: p.path, Line: line, Column: column, What: problem.Error()}
	if line <= len(p.lines) {
		e.Text = p.lines[line-1]
	}
	return e
}

// text returns a field that reads a string. An error of check is an error of the field.
func (p *document) text(into *string, check func(string) error) strictyaml.Field {
	return func(n *yaml.Node) error {
		s, ok := strictyaml.Text(n)
		switch {
		case strictyaml.IsNull(n):
			return p.Wrong(n, advice.Errorf("missing value").Then("set one, or remove the key"))
		case !ok:
			return p.Wrong(n, advice.Errorf("the value must be a string").Then("enclose it in quotes"))
		case s == "":
			return p.Wrong(n, advice.Errorf("empty value").Then("set one, or remove the key"))
		}
		if err := check(s); err != nil {
			return p.Wrong(n, advice.Errorf("invalid value %q: %v", oneline.Value(s), err))
		}
		*into = s
		return nil
	}
}

// duration returns a field that reads a duration from least to most.
func (p *document) duration(into *time.Duration, least, most time.Duration) strictyaml.Field {
	read := p.text(new(string), func(s string) error {
		d, err := time.ParseDuration(s)
		if err != nil || d < least || d > most {
			return fmt.Errorf("must be a duration from %s to %s, such as 90s, 15m or 1h30m", least, most)
		}
		*into = d
		return nil
	})
	return func(n *yaml.Node) error {
		if n.Kind == yaml.ScalarNode && n.Value != "" && strings.Trim(n.Value, "0123456789.") == "" {
			return p.Wrong(n, advice.Errorf("duration %q has no unit", n.Value).
				Then("write %ss for seconds, or another duration such as 90s, 15m or 1h30m", n.Value))
		}
		return read(n)
	}
}
