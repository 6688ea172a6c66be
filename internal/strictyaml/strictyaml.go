// Package strictyaml reads YAML files that users write, and reports each mistake with its line and column: every key
// must be known and occur once, every value must be of the expected type, and anchors, aliases and tags are not
// supported.
package strictyaml

import (
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/oneline"
	"ecrlogin/internal/typo"
)

// A Reader reads one file.
type Reader struct {
	// At returns the error for a place in the file. Line and column start at 1; the column counts characters.
	// The problem may have a next step, as an advice.Error.
	At func(line, column int, problem error) error
	// Unknown describes the effect of an unknown key and follows its name in the error: empty, or beginning with a
	// comma.
	Unknown string
	// Suggest replaces the list of valid keys in that error with those that are similar, if there are any.
	Suggest bool
}

// A Field reads the value of a key.
type Field func(value *yaml.Node) error

// Wrong returns the error for a node.
func (r Reader) Wrong(n *yaml.Node, problem error) error {
	return r.At(max(n.Line, 1), max(n.Column, 1), problem)
}

// Members returns the keys and values of a mapping in their order; none for nil and for other nodes.
func Members(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}

// Mapping reads a mapping whose keys are those of fields, each at most once. Errors refer to the mapping as what.
func (r Reader) Mapping(n *yaml.Node, what string, fields map[string]Field) error {
	if n.Kind != yaml.MappingNode {
		return r.Wrong(n, advice.Errorf("%s must be a mapping with keys: %s", what, names(fields)))
	}
	seen := make(map[string]bool, len(fields))
	for key, value := range Members(n) {
		read := fields[key.Value]
		switch {
		case read == nil:
			return r.Wrong(key, r.unknown(key.Value, what, fields))
		case seen[key.Value]:
			return r.Wrong(key, advice.Errorf("duplicate key %q", key.Value).Then("remove one"))
		}
		seen[key.Value] = true
		if err := read(value); err != nil {
			return err
		}
	}
	return nil
}

func (r Reader) unknown(key, what string, fields map[string]Field) error {
	problem := advice.Errorf("unknown key %q%s", oneline.Value(key), r.Unknown)
	if near := typo.Near(key, slices.Sorted(maps.Keys(fields))); r.Suggest && len(near) > 0 {
		return problem.Then("did you mean %s?", strings.Join(near, " or "))
	}
	return problem.Then("valid keys of %s: %s", what, names(fields))
}

func names(fields map[string]Field) string {
	return strings.Join(slices.Sorted(maps.Keys(fields)), ", ")
}

// List returns a field that reads a list, which may be empty or missing, and calls item for each of its items. For a
// value of another type, the error message is wrong.
func (r Reader) List(wrong string, item Field) Field {
	return func(n *yaml.Node) error {
		if IsNull(n) {
			return nil
		}
		if n.Kind != yaml.SequenceNode {
			return r.Wrong(n, errors.New(wrong))
		}
		for _, v := range n.Content {
			if err := item(v); err != nil {
				return err
			}
		}
		return nil
	}
}

// Truth returns a field that reads true or false.
func (r Reader) Truth(into *bool) Field {
	return func(n *yaml.Node) error {
		if n.ShortTag() != "!!bool" {
			return r.Wrong(n, advice.Errorf("the value must be true or false"))
		}
		*into = strings.EqualFold(n.Value, "true")
		return nil
	}
}

// Text returns the text of a string node; ok is false for other nodes, including unquoted numbers, which YAML may
// rewrite.
func Text(n *yaml.Node) (s string, ok bool) {
	switch n.ShortTag() {
	case "!!str", "!!timestamp":
		return n.Value, true
	}
	return "", false
}

// IsNull reports whether a node is null, or the value of a key without a value.
func IsNull(n *yaml.Node) bool { return n.ShortTag() == "!!null" }
