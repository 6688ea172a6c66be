package kubeletconfig

import (
	"encoding/json"
	"errors"
	"strings"

	"go.yaml.in/yaml/v4"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/jsonedit"
	"ecrlogin/internal/strictyaml"
)

// Parse parses a file in YAML or JSON. It returns an error for everything that prevents kubelet from starting, and for
// anchors, aliases and tags. The error contains the line and the column, but not the text of the line, which may
// contain a secret.
func Parse(path string, content []byte) (*File, error) {
	d := newDocument(path)
	if isJSON(content) {
		if err := d.json(content); err != nil {
			return nil, err
		}
	}
	body, err := d.Parse(content)
	switch {
	case err != nil:
		return nil, err
	case body == nil:
		return nil, d.at(1, 1, "empty file; create its content: docker-credential-ecr-login configure kubelet")
	}
	f := &File{Path: path, Content: content}
	return f, d.config(body, f)
}

// A document parses one file.
type document struct {
	strictyaml.Reader
	path string
}

func newDocument(path string) *document {
	d := &document{path: path}
	d.At, d.Unknown = d.at, ", which prevents kubelet from starting"
	return d
}

// at returns the error for a place in the file. The next step follows the last semicolon of what; a cause may quote
// others.
func (d *document) at(line, column int, what string) error {
	next := ""
	if i := strings.LastIndex(what, "; "); i >= 0 {
		what, next = what[:i], what[i+2:]
	}
	return advice.Errorf("%s:%d:%d: %s", d.path, line, column, what).Then("%s", next)
}

// json returns an error if a text is not valid JSON, which is stricter than YAML's flow style.
func (d *document) json(content []byte) error {
	var any json.RawMessage
	var syntax *json.SyntaxError
	if err := json.Unmarshal(content, &any); errors.As(err, &syntax) {
		line, column := jsonedit.Position(content, int(syntax.Offset)-1)
		return d.at(line, column, "invalid JSON, the format that kubelet expects in a file that begins with a brace; "+
			"check commas, quotes and brackets")
	}
	return nil
}

// text returns a Field that stores a string. Each check returns the problem with the string, or "".
func (d *document) text(into *string, checks ...func(string) string) strictyaml.Field {
	return func(n *yaml.Node) error {
		s, ok := strictyaml.Text(n)
		if !ok && !strictyaml.IsNull(n) {
			return d.Wrong(n, "this must be text; put it in quotes")
		}
		*into = s
		for _, check := range checks {
			if what := check(s); what != "" {
				return d.Wrong(n, "%s", what)
			}
		}
		return nil
	}
}

// texts returns a Field that appends a list of strings.
func (d *document) texts(into *[]string, checks ...func(string) string) strictyaml.Field {
	return d.each(func(n *yaml.Node) error {
		var s string
		err := d.text(&s, checks...)(n)
		*into = append(*into, s)
		return err
	})
}

// each returns a Field that reads a list of items.
func (d *document) each(item strictyaml.Field) strictyaml.Field {
	return d.List("this must be a list", item)
}
