package refreshconfig

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"go.yaml.in/yaml/v4"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/oneline"
	"ecrlogin/internal/strictyaml"
)

// maxDepth is the maximum nesting in JSON and TOML, as in YAML.
const maxDepth = 16

var errDepth = advice.Errorf("more than %d levels of nesting", maxDepth).Then("remove brackets")

// readJSON returns the content of a JSON file as a tree of YAML nodes.
func readJSON(d *strictyaml.Document, content []byte) (*yaml.Node, error) {
	if err := d.CheckSize(); err != nil {
		return nil, err
	}
	if err := d.CheckCharacters(string(content)); err != nil {
		return nil, err
	}
	r := &jsonReader{d: d, content: content, lines: newLines(content), tokens: json.NewDecoder(bytes.NewReader(content))}
	r.tokens.UseNumber()
	n, err := r.value(0)
	if err == io.EOF {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := r.tokens.Token(); err != io.EOF {
		return nil, r.wrong(r.offset(), errors.New("text after the end of the JSON value"))
	}
	return n, nil
}

type jsonReader struct {
	d       *strictyaml.Document
	content []byte
	lines   lines
	tokens  *json.Decoder
}

// value reads a value at a level of nesting. The error is io.EOF if there is none.
func (r *jsonReader) value(depth int) (*yaml.Node, error) {
	offset := r.offset()
	token, err := r.tokens.Token()
	var syntax *json.SyntaxError
	switch {
	case err == io.EOF && depth == 0:
		return nil, err
	case errors.As(err, &syntax):
		return nil, r.wrong(int(syntax.Offset)-1, errors.New(oneline.Value(syntax.Error())))
	case err != nil:
		return nil, r.wrong(len(r.content), errors.New("unexpected end"))
	case depth > maxDepth:
		line, column := r.lines.position(offset)
		return nil, r.d.At(line, column, errDepth)
	}
	n := &yaml.Node{Kind: yaml.ScalarNode}
	n.Line, n.Column = r.lines.position(offset)
	switch t := token.(type) {
	case json.Delim:
		return n, r.composite(n, t, depth)
	case string:
		n.Tag, n.Value = "!!str", t
	case json.Number:
		n.Tag, n.Value = "!!int", t.String()
	case bool:
		n.Tag, n.Value = "!!bool", string(r.content[offset:r.tokens.InputOffset()])
	default:
		n.Tag = "!!null"
	}
	return n, nil
}

// composite reads the values of an array or an object, after its opening bracket.
func (r *jsonReader) composite(n *yaml.Node, open json.Delim, depth int) error {
	n.Kind = yaml.SequenceNode
	if open == '{' {
		n.Kind = yaml.MappingNode
	}
	for r.tokens.More() {
		child, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.Content = append(n.Content, child)
	}
	_, err := r.tokens.Token()
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return r.wrong(int(syntax.Offset)-1, errors.New(oneline.Value(syntax.Error())))
	case err != nil:
		return r.wrong(len(r.content), errors.New("unexpected end"))
	}
	return nil
}

// offset returns the offset of the next token.
func (r *jsonReader) offset() int {
	i := int(r.tokens.InputOffset())
	for i < len(r.content) && bytes.IndexByte([]byte(" \t\r\n,:"), r.content[i]) >= 0 {
		i++
	}
	return i
}

func (r *jsonReader) wrong(offset int, problem error) error {
	line, column := r.lines.position(offset)
	return r.d.At(line, column, advice.Errorf("invalid JSON: %w", problem).Then("check commas, colons, quotes and brackets"))
}
