package config

import (
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

// Parse reads the content of a file. It is strict: an unknown key, a key given twice, a value of another type, a pattern that
// can match nothing and a rule that an earlier one hides are errors, all of type *Error. The path is for these.
func Parse(path string, content []byte) (*Config, error) {
	p := newDocument(path, content)
	tokens := lexer.Tokenize(string(content))
	if err := p.tame(tokens); err != nil {
		return nil, err
	}
	parsed, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, p.syntax(err)
	}
	c := &Config{Path: path}
	for i, doc := range parsed.Docs {
		switch {
		case doc.Body == nil, doc.Body.Type() == ast.CommentType, doc.Body.Type() == ast.NullType:
		case i > 0:
			return nil, p.Wrong(doc.Body, "there is more than one document; put all into the first")
		default:
			if err := p.config(doc.Body, c); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

// A document is the file while it is read.
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

func (p *document) at(t *token.Token, what string) error {
	e := &Error{Path: p.path, What: what}
	if e.Line, e.Column = strictyaml.Position(t); e.Line <= len(p.lines) {
		e.Text = p.lines[e.Line-1]
	}
	return e
}

// syntax is for what the parser says. Its own Error has several lines.
func (p *document) syntax(err error) error {
	var e yaml.Error
	if !errors.As(err, &e) {
		return p.at(nil, short(err.Error()))
	}
	what := short(e.GetMessage())
	if strings.HasPrefix(what, "mapping key") && strings.Contains(what, "already defined") {
		return p.at(e.GetToken(), fmt.Sprintf("the key %q is there twice; leave one out", e.GetToken().Value))
	}
	return p.at(e.GetToken(), "this is no YAML: "+what+"; check indentation, colons and quotes")
}

// What a file that people write does not need, and with which a small one could keep the parser busy or grow without end.
const (
	maxDepth = 16   // of brackets
	maxLine  = 2000 // bytes; a line can open a level with every other one
)

// tame refuses a file that is built to do harm before it is parsed.
func (p *document) tame(tokens token.Tokens) error {
	for i, line := range p.lines {
		if len(line) > maxLine {
			return p.at(&token.Token{Position: &token.Position{Line: i + 1, Column: maxLine}}, "the line is too long for a configuration")
		}
	}
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType:
			return p.at(t, "YAML's anchors, aliases and tags are not used here; write the value out, in quotes if it begins with & * or !")
		case token.SequenceStartType, token.MappingStartType:
			if depth++; depth > maxDepth {
				return p.at(t, "too many brackets within each other")
			}
		case token.SequenceEndType, token.MappingEndType:
			depth--
		}
	}
	return nil
}

// text reads a text, which check may refuse.
func (p *document) text(into *string, check func(string) error) strictyaml.Field {
	return func(n ast.Node) error {
		switch s, ok := n.(*ast.StringNode); {
		case n.Type() == ast.NullType:
			return p.Wrong(n, "there is no value; write one, or leave the key out")
		case !ok:
			return p.Wrong(n, "this must be text; put it in quotes")
		case s.Value == "":
			return p.Wrong(n, "the value is empty; write one, or leave the key out")
		default:
			if err := check(s.Value); err != nil {
				return p.Wrong(n, "%q cannot be used: %v", short(s.Value), err)
			}
			*into = s.Value
			return nil
		}
	}
}
