// Package strictyaml helps to read YAML that people write: every key must be known, every value of its kind, and what is wrong
// is told with its place.
package strictyaml

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// A Reader reads the nodes of one file.
type Reader struct {
	// At makes the error about a place, nil for the whole file.
	At func(at *token.Token, what string) error
	// Unknown says what an unknown key does, behind its name: empty, or beginning with a comma.
	Unknown string
}

// A Field reads the value of a key.
type Field func(value ast.Node) error

// Wrong returns the error about a node.
func (r Reader) Wrong(n ast.Node, format string, args ...any) error {
	return r.At(Start(n), fmt.Sprintf(format, args...))
}

// Mapping reads a mapping whose keys are those of fields, each at most once. What it is called is for errors.
func (r Reader) Mapping(n ast.Node, what string, fields map[string]Field) error {
	known := strings.Join(slices.Sorted(maps.Keys(fields)), ", ")
	m, ok := n.(*ast.MappingNode)
	if !ok {
		return r.Wrong(n, "%s must be keys with values: %s", what, known)
	}
	for _, v := range m.Values {
		key := v.Key.GetToken().Value
		read := fields[key]
		if read == nil {
			return r.Wrong(v.Key, "unknown key %q%s; %s has %s", Short(key, 120), r.Unknown, what, known)
		}
		if err := read(v.Value); err != nil {
			return err
		}
	}
	return nil
}

// Truth reads true or false.
func (r Reader) Truth(into *bool) Field {
	return func(n ast.Node) error {
		b, ok := n.(*ast.BoolNode)
		if !ok {
			return r.Wrong(n, "this must be true or false")
		}
		*into = b.Value
		return nil
	}
}

// Start returns where a node begins, which for a mapping in lines of its own is not the token that the library has.
func Start(n ast.Node) *token.Token {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		return m.Values[0].Key.GetToken()
	}
	return n.GetToken()
}

// Position returns line and column of a token, from 1; those of the beginning for nil.
func Position(t *token.Token) (line, column int) {
	if t == nil || t.Position == nil {
		return 1, 1
	}
	return max(t.Position.Line, 1), max(t.Position.Column, 1)
}

// Short makes a text of a file fit for a line of an error: without control characters, and cut after so many letters.
func Short(s string, longest int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(strings.TrimSpace(s), "?"))
	if r := []rune(s); len(r) > longest {
		return string(r[:longest]) + "…"
	}
	return s
}
