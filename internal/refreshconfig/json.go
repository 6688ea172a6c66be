package refreshconfig

import (
	"bytes"
	"encoding/json"
	"errors"

	"go.yaml.in/yaml/v4"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/oneline"
	"ecrlogin/internal/strictyaml"
)

// maxDepth is the maximum nesting in JSON and TOML, as in YAML.
const maxDepth = 16

var errDepth = advice.Errorf("more than %d levels of nesting", maxDepth).Then("remove brackets")

// readJSON returns the content of a JSON file as a tree of YAML nodes, or nil if the file is empty.
func readJSON(d *strictyaml.Document, content []byte) (*yaml.Node, error) {
	if err := d.CheckSize(); err != nil {
		return nil, err
	}
	if err := d.CheckCharacters(string(content)); err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(content)) == 0 {
		return nil, nil
	}
	r := &jsonReader{d: d, content: content, lines: newLines(content), tokens: json.NewDecoder(bytes.NewReader(content))}
	var syntax *json.SyntaxError
	if err := json.Unmarshal(content, new(json.RawMessage)); errors.As(err, &syntax) {
		line, column := r.lines.position(int(syntax.Offset) - 1)
		return nil, d.At(line, column, advice.Errorf("invalid JSON: %s", oneline.Value(syntax.Error())).
			Then("check commas, colons, quotes and brackets"))
	}
	r.tokens.UseNumber()
	return r.value(0)
}

// A jsonReader reads valid JSON.
type jsonReader struct {
	d       *strictyaml.Document
	content []byte
	lines   *lines
	tokens  *json.Decoder
}

// value reads a value at a level of nesting.
func (r *jsonReader) value(depth int) (*yaml.Node, error) {
	start := int(r.tokens.InputOffset())
	for bytes.IndexByte([]byte(" \t\r\n,:"), r.content[start]) >= 0 {
		start++
	}
	token, err := r.tokens.Token()
	if err != nil {
		return nil, err
	}
	n := &yaml.Node{Kind: yaml.ScalarNode}
	n.Line, n.Column = r.lines.position(start)
	switch t := token.(type) {
	case json.Delim:
		n.Kind = yaml.SequenceNode
		if t == '{' {
			n.Kind = yaml.MappingNode
		}
		return n, r.composite(n, depth+1)
	case string:
		n.Tag, n.Value, n.Style = "!!str", t, yaml.DoubleQuotedStyle
	case json.Number:
		n.Tag, n.Value = "!!int", t.String()
	case bool:
		n.Tag, n.Value = "!!bool", string(r.content[start:r.tokens.InputOffset()])
	default:
		n.Tag = "!!null"
	}
	return n, nil
}

// composite reads the values of an array or an object, after its opening bracket.
func (r *jsonReader) composite(n *yaml.Node, depth int) error {
	if depth > maxDepth {
		return r.d.Wrong(n, errDepth)
	}
	for r.tokens.More() {
		child, err := r.value(depth)
		if err != nil {
			return err
		}
		n.Content = append(n.Content, child)
	}
	_, err := r.tokens.Token() // the closing bracket
	return err
}
