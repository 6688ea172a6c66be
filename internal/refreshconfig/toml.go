package refreshconfig

import (
	"errors"

	"github.com/pelletier/go-toml/v2/unstable"
	"go.yaml.in/yaml/v4"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/oneline"
	"ecrlogin/internal/strictyaml"
)

// readTOML returns the content of a TOML file as a tree of YAML nodes. It uses the parser of go-toml without its
// decoder, which does not keep the positions of values.
func readTOML(d *strictyaml.Document, content []byte) (*yaml.Node, error) {
	if err := d.CheckSize(); err != nil {
		return nil, err
	}
	if err := d.CheckCharacters(string(content)); err != nil {
		return nil, err
	}
	r := &tomlReader{
		d:       d,
		lines:   newLines(content),
		members: map[*yaml.Node]map[string]*yaml.Node{},
		headers: map[*yaml.Node]bool{},
	}
	root := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: 1, Column: 1}
	r.parser.Reset(content)
	for table := root; r.parser.NextExpression(); {
		var err error
		switch e := r.parser.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table, err = r.table(root, e)
		case unstable.KeyValue:
			err = r.member(table, e, 0)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := r.parser.Error(); err != nil {
		return nil, r.syntax(err, len(content))
	}
	return root, nil
}

type tomlReader struct {
	d      *strictyaml.Document
	lines  *lines
	parser unstable.Parser
	// members are the values in mappings that tables and dotted keys refer to.
	members map[*yaml.Node]map[string]*yaml.Node
	headers map[*yaml.Node]bool // the mappings with a header, which may occur once
}

// syntax returns the error for an error of the parser.
func (r *tomlReader) syntax(err error, end int) error {
	offset, text := end, err.Error()
	if e, ok := errors.AsType[*unstable.ParserError](err); ok {
		text = e.Message
		if len(e.Highlight) > 0 {
			offset = int(r.parser.Range(e.Highlight).Offset)
		}
	}
	line, column := r.lines.position(offset)
	return r.d.At(line, column, advice.Errorf("invalid TOML: %s", oneline.Value(text)).Then("correct this line"))
}

// table returns the mapping for the header of a table, and creates it if it is missing.
func (r *tomlReader) table(root *yaml.Node, e *unstable.Node) (*yaml.Node, error) {
	n := root
	depth := 0
	for key := e.Key(); key.Next(); depth++ {
		name := r.key(key.Node())
		if depth > maxDepth {
			return nil, r.d.Wrong(name, errDepth)
		}
		last := key.IsLast()
		value := r.members[n][name.Value]
		if value == nil {
			value = &yaml.Node{Kind: yaml.MappingNode, Line: name.Line, Column: name.Column}
			if last && e.Kind == unstable.ArrayTable {
				value.Kind = yaml.SequenceNode
				r.headers[value] = true
			}
			r.set(n, name, value)
		}
		isArray := value.Kind == yaml.SequenceNode && r.headers[value]
		switch {
		case last && isArray && e.Kind == unstable.ArrayTable:
			item := &yaml.Node{Kind: yaml.MappingNode, Line: name.Line, Column: name.Column}
			value.Content = append(value.Content, item)
			return item, nil
		case last && value.Kind == yaml.MappingNode && e.Kind == unstable.Table && !r.headers[value]:
			r.headers[value] = true
			return value, nil
		case !last && isArray:
			n = value.Content[len(value.Content)-1]
		case !last && value.Kind == yaml.MappingNode:
			n = value
		default:
			return nil, r.d.Wrong(name, advice.Errorf("duplicate key %q", oneline.Value(name.Value)).Then("remove one"))
		}
	}
	return n, nil
}

// member adds a key and its value to a mapping.
func (r *tomlReader) member(n *yaml.Node, e *unstable.Node, depth int) error {
	key := e.Key()
	for key.Next() {
		name := r.key(key.Node())
		if depth++; depth > maxDepth {
			return r.d.Wrong(name, errDepth)
		}
		if key.IsLast() {
			value, err := r.value(e.Value(), name, depth)
			if err != nil {
				return err
			}
			r.set(n, name, value)
			break
		}
		value := r.members[n][name.Value]
		switch {
		case value == nil:
			value = &yaml.Node{Kind: yaml.MappingNode, Line: name.Line, Column: name.Column}
			r.set(n, name, value)
		case value.Kind != yaml.MappingNode:
			return r.d.Wrong(name, advice.Errorf("duplicate key %q", oneline.Value(name.Value)).Then("remove one"))
		}
		n = value
	}
	return nil
}

// set appends a key and its value to a mapping. A duplicate key is found later, when the mapping is read.
func (r *tomlReader) set(n, name, value *yaml.Node) {
	n.Content = append(n.Content, name, value)
	if r.members[n] == nil {
		r.members[n] = map[string]*yaml.Node{}
	}
	r.members[n][name.Value] = value
}

func (r *tomlReader) key(k *unstable.Node) *yaml.Node {
	return r.scalar(k, "!!str", string(k.Data))
}

func (r *tomlReader) scalar(v *unstable.Node, tag, value string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
	n.Line, n.Column = r.lines.position(int(v.Raw.Offset))
	return n
}

// value returns a value. The position of an array is that of its key.
func (r *tomlReader) value(v *unstable.Node, key *yaml.Node, depth int) (*yaml.Node, error) {
	switch v.Kind {
	case unstable.String:
		n := r.scalar(v, "!!str", string(v.Data))
		n.Style = yaml.DoubleQuotedStyle
		return n, nil
	case unstable.Integer:
		return r.scalar(v, "!!int", string(v.Data)), nil
	case unstable.Float:
		return r.scalar(v, "!!float", string(v.Data)), nil
	case unstable.Bool:
		return r.scalar(v, "!!bool", string(v.Data)), nil
	case unstable.Array, unstable.InlineTable:
		return r.composite(v, key, depth)
	}
	return r.scalar(v, "!!timestamp", string(v.Data)), nil // a date or a time
}

func (r *tomlReader) composite(v *unstable.Node, key *yaml.Node, depth int) (*yaml.Node, error) {
	n := &yaml.Node{Kind: yaml.SequenceNode, Line: key.Line, Column: key.Column}
	if v.Kind == unstable.InlineTable {
		n.Kind = yaml.MappingNode
		n.Line, n.Column = r.lines.position(int(v.Raw.Offset))
	}
	if depth >= maxDepth {
		return nil, r.d.Wrong(n, errDepth)
	}
	for child := v.Children(); child.Next(); {
		switch c := child.Node(); {
		case c.Kind == unstable.Comment:
		case v.Kind == unstable.InlineTable:
			if err := r.member(n, c, depth); err != nil {
				return nil, err
			}
		default:
			item, err := r.value(c, n, depth+1)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, item)
		}
	}
	return n, nil
}
