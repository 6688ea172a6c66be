package yamledit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"ecrlogin/internal/strictyaml"
)

// Encode returns the text of a value that encoding/json can encode, with its field names, in YAML's block style.
func Encode(value any) []byte {
	return []byte(strings.Join(blockLines(encode(value)), "\n") + "\n")
}

// encode returns the node of a value.
func encode(value any) *yaml.Node {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // the caller passed a type that encoding/json does not support
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	return decode(dec)
}

// decode returns the node of the next value of a decoder that cannot fail.
func decode(dec *json.Decoder) *yaml.Node {
	switch v, _ := dec.Token(); v := v.(type) {
	case json.Delim:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		if v == '{' {
			n.Kind = yaml.MappingNode
		}
		for dec.More() {
			n.Content = append(n.Content, decode(dec))
		}
		_, _ = dec.Token() // the end
		return n
	case string:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: v}
	case nil:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: "null"}
	default:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(v)}
	}
}

// keyLines returns the lines of a key with a value.
func keyLines(key string, value *yaml.Node) []string {
	lines := blockLines(value)
	if value.Kind == yaml.ScalarNode || len(value.Content) == 0 {
		return []string{key + ": " + lines[0]}
	}
	return append([]string{key + ":"}, indented("  ", lines)...)
}

// blockLines returns the lines of a value.
func blockLines(n *yaml.Node) []string {
	var lines []string
	switch {
	case n.Kind == yaml.ScalarNode:
		return []string{scalar(n)}
	case len(n.Content) == 0 && n.Kind == yaml.SequenceNode:
		return []string{"[]"}
	case len(n.Content) == 0:
		return []string{"{}"}
	case n.Kind == yaml.SequenceNode:
		for _, item := range n.Content {
			of := indented("  ", blockLines(item))
			of[0] = "- " + of[0][2:]
			lines = append(lines, of...)
		}
	default:
		for key, value := range strictyaml.Members(n) {
			lines = append(lines, keyLines(strictyaml.Quote(key.Value), value)...)
		}
	}
	return lines
}

func indented(indent string, lines []string) []string {
	all := make([]string, len(lines))
	for i, line := range lines {
		all[i] = indent + line
	}
	return all
}

// scalar returns the text of a scalar that decode returned.
func scalar(n *yaml.Node) string {
	if n.Tag == "!!str" {
		return strictyaml.Quote(n.Value)
	}
	return n.Value
}
