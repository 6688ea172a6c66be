package kubeletconfig

import (
	"encoding/json"
	"errors"

	"go.yaml.in/yaml/v4"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/jsonedit"
	"ecrlogin/internal/strictyaml"
)

// parse parses a file in YAML or JSON. It returns an error for everything that prevents the kubelet from starting, and
// for anchors, aliases and tags. The error contains the line and the column, but not the text of the line, which may
// contain a secret.
func parse(path string, content []byte) (*File, error) {
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
		return nil, d.at(1, 1, advice.Errorf("empty file").
			Then("create its content: docker-credential-ecr-login configure kubelet"))
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
	d.At, d.Unknown = d.at, ", which prevents the kubelet from starting"
	return d
}

// at returns the error for a place in the file.
func (d *document) at(line, column int, problem error) error {
	cause, next := advice.Of(problem)
	return advice.Errorf("%s:%d:%d: %s", d.path, line, column, cause).Then("%s", next)
}

// json returns an error if a text is not valid JSON, which is stricter than YAML's flow style.
func (d *document) json(content []byte) error {
	var any json.RawMessage
	var syntax *json.SyntaxError
	if err := json.Unmarshal(content, &any); errors.As(err, &syntax) {
		line, column := jsonedit.Position(content, int(syntax.Offset)-1)
		return d.at(line, column, advice.Errorf("invalid JSON, the format that the kubelet expects in a file that begins with a brace").
			Then("check commas, quotes and brackets"))
	}
	return nil
}

// text returns a Field that stores a string. Each check returns the problem with the string.
func (d *document) text(into *string, checks ...func(string) error) strictyaml.Field {
	return func(n *yaml.Node) error {
		s, ok := strictyaml.Text(n)
		if !ok && !strictyaml.IsNull(n) {
			return d.Wrong(n, advice.Errorf("this must be text").Then("enclose it in quotes"))
		}
		*into = s
		for _, check := range checks {
			if err := check(s); err != nil {
				return d.Wrong(n, err)
			}
		}
		return nil
	}
}

// texts returns a Field that appends a list of strings.
func (d *document) texts(into *[]string, checks ...func(string) error) strictyaml.Field {
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
