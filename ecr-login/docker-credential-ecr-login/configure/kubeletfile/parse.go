package kubeletfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"ecrlogin/internal/strictyaml"
)

// Parse reads a file, in YAML or JSON. It refuses what kubelet refuses, and anchors and aliases, with an *Error.
func Parse(path string, content []byte) (*File, error) {
	d := newDocument(path)
	if isJSON(content) {
		if err := d.json(content); err != nil {
			return nil, err
		}
	}
	if i := strings.IndexByte(strings.ReplaceAll(string(content), "\r\n", "\n\n"), '\r'); i >= 0 {
		return nil, &Error{path, 1 + strings.Count(string(content[:i]), "\n"), 1, "a line ends in a carriage return alone; end it in a line feed"}
	}
	tokens := lexer.Tokenize(string(content))
	for _, t := range tokens {
		if t.Type == token.AnchorType || t.Type == token.AliasType || t.Type == token.MergeKeyType {
			return nil, d.at(t, "YAML's anchors and aliases are not read here; write the value out")
		}
	}
	parsed, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, d.syntax(err)
	}
	f := &File{Path: path, content: content}
	var bodies []ast.Node
	for _, doc := range parsed.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.CommentType {
			bodies = append(bodies, doc.Body)
		}
	}
	switch {
	case len(bodies) == 0:
		return nil, d.at(nil, "there is nothing in it; write it: docker-credential-ecr-login configure kubelet")
	case len(bodies) > 1:
		return nil, d.Wrong(bodies[1], "there is more than one document, of which kubelet reads the first alone; put all into that")
	}
	return f, d.config(bodies[0], f)
}

// A document is a file while it is read.
type document struct {
	strictyaml.Reader
	path string
}

func newDocument(path string) *document {
	d := &document{path: path}
	d.At, d.Unknown = d.at, ", with which kubelet does not start"
	return d
}

func (d *document) at(t *token.Token, what string) error {
	e := &Error{Path: d.path, What: what}
	e.Line, e.Column = strictyaml.Position(t)
	return e
}

// syntax is for what the parser says. It names the line, which may have a secret in it, and is left out.
func (d *document) syntax(err error) error {
	var e yaml.Error
	if !errors.As(err, &e) {
		return d.at(nil, "this is no YAML; check indentation, colons and quotes")
	}
	if strings.Contains(e.GetMessage(), "already defined") {
		return d.at(e.GetToken(), fmt.Sprintf("the key %q is there twice; leave one out", short(e.GetToken().Value)))
	}
	return d.at(e.GetToken(), "this is no YAML; check indentation, colons and quotes")
}

// json looks whether a text is JSON, which is stricter than YAML in brackets.
func (d *document) json(content []byte) error {
	var any json.RawMessage
	var syntax *json.SyntaxError
	if err := json.Unmarshal(content, &any); errors.As(err, &syntax) {
		before := string(content[:max(0, min(int(syntax.Offset)-1, len(content)))])
		return &Error{d.path, 1 + strings.Count(before, "\n"), 1 + len(before) - (strings.LastIndexByte(before, '\n') + 1),
			"this is no JSON, for which kubelet takes a file that begins with a brace; check commas, quotes and brackets"}
	}
	return nil
}

// text reads a text, which check may refuse.
func (d *document) text(into *string, check func(string) string) strictyaml.Field {
	return func(n ast.Node) error {
		switch s := n.(type) {
		case *ast.StringNode:
			*into = s.Value
		case *ast.LiteralNode:
			*into = s.Value.Value
		case *ast.NullNode:
			*into = ""
		default:
			return d.Wrong(n, "this must be text; put it in quotes")
		}
		if what := check(*into); what != "" {
			return d.Wrong(n, "%s", what)
		}
		return nil
	}
}

func anything(string) string { return "" }

// texts reads a list of texts.
func (d *document) texts(into *[]string, check func(string) string) strictyaml.Field {
	return d.each(func(n ast.Node) error {
		var s string
		if err := d.text(&s, check)(n); err != nil {
			return err
		}
		*into = append(*into, s)
		return nil
	})
}

// each reads a list.
func (d *document) each(item strictyaml.Field) strictyaml.Field {
	return func(n ast.Node) error {
		if n.Type() == ast.NullType {
			return nil
		}
		list, ok := n.(*ast.SequenceNode)
		if !ok {
			return d.Wrong(n, "this must be a list")
		}
		for _, v := range list.Values {
			if err := item(v); err != nil {
				return err
			}
		}
		return nil
	}
}

func short(s string) string { return strictyaml.Short(s, 60) }
