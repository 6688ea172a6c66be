package strictyaml

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/oneline"
)

// maxDepth is the maximum nesting of brackets, and of indented lines. The files that are read need five levels.
const maxDepth = 16

const tooDeep = "more than 16 levels of nesting"

// Parse returns the content of the first YAML document, or nil if it is empty. Content in a later document is an
// error. Parse takes time proportional to the size of the content.
func (r Reader) Parse(content []byte) (*yaml.Node, error) {
	if err := r.CheckCharacters(string(content)); err != nil {
		return nil, err
	}
	limits := loaderlimits.New(loaderlimits.DepthFunc(func(depth int, _ *loaderlimits.DepthContext) error {
		if depth > maxDepth {
			return errors.New(tooDeep)
		}
		return nil
	}))
	loader, err := yaml.NewLoader(bytes.NewReader(content), yaml.WithPlugin(limits))
	if err != nil {
		return nil, err
	}
	var first *yaml.Node
	for i := 0; ; i++ {
		doc := new(yaml.Node)
		switch err := loader.Load(doc); {
		case err == io.EOF:
			return first, nil
		case err != nil:
			return nil, r.syntax(content, err)
		case len(doc.Content) == 0 || IsNull(doc.Content[0]):
		case i > 0:
			return nil, r.Wrong(doc.Content[0], advice.Errorf("more than one YAML document").
				Then("move everything to the first"))
		default:
			first = doc.Content[0]
			if err := r.checkPlain(first); err != nil {
				return nil, err
			}
		}
	}
}

// CheckCharacters rejects invalid UTF-8, control characters, and characters that end a line in YAML but not in
// editors.
func (r Reader) CheckCharacters(content string) error {
	line, column := 1, 0
	for i, c := range content {
		column++
		rest := content[i:]
		switch {
		case c == '\n':
			line, column = line+1, 0
		case c == utf8.RuneError && !strings.HasPrefix(rest, "\ufffd"):
			return r.At(line, column, advice.Errorf("invalid UTF-8").Then("save the file as UTF-8"))
		case c == '\r' && rest != "\r" && !strings.HasPrefix(rest, "\r\n"):
			return r.At(line, column, advice.Errorf("the line ends with a carriage return only").
				Then("end it with a line feed"))
		case c < ' ' && c != '\t' && c != '\r', c == 0x7f, c == '\u0085', c == '\u2028', c == '\u2029':
			return r.At(line, column, advice.Errorf("unsupported control character").Then("remove it"))
		}
	}
	return nil
}

var noAnchors = advice.Errorf("YAML anchors, aliases and tags are not supported").
	Then("write the value in full, in quotes if it starts with & * or !")

// checkPlain rejects anchors, aliases and tags, which change the meaning of a node.
func (r Reader) checkPlain(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 || n.Tag == "!" {
		return r.Wrong(n, noAnchors)
	}
	for _, child := range n.Content {
		if err := r.checkPlain(child); err != nil {
			return err
		}
	}
	return nil
}

// syntax returns the error for an error of the YAML library.
func (r Reader) syntax(content []byte, err error) error {
	e, ok := errors.AsType[*yaml.LoadError](err)
	if !ok {
		return r.At(1, 1, advice.Errorf("invalid YAML: %s", oneline.Value(err.Error())))
	}
	lines := strings.Split(strings.TrimRight(string(content), "\r\n"), "\n")
	mark := e.Mark
	if mark.Line > len(lines) {
		mark = e.ContextMark // the start of an unterminated construct
	}
	if mark.Line < 1 || mark.Line > len(lines) {
		mark.Line = len(lines)
		mark.Column = utf8.RuneCountInString(lines[mark.Line-1])
	}
	line, column := mark.Line, max(mark.Column, 1)
	text := []rune(lines[line-1])
	blank := len(lines[line-1]) - len(strings.TrimLeft(lines[line-1], " \t"))
	tab := strings.IndexByte(lines[line-1], '\t')
	switch {
	case e.Message == tooDeep:
		return r.At(line, column, advice.Errorf(tooDeep).Then("remove brackets or indentation"))
	case tab >= 0 && tab < blank && column <= blank+1:
		return r.At(line, tab+1, advice.Errorf("the line is indented with a tab").Then("use spaces"))
	case column <= len(text) && strings.ContainsRune("&*!", text[column-1]):
		return r.At(line, column, noAnchors)
	}
	return r.At(line, column, advice.Errorf("invalid YAML: %s", oneline.Value(e.Message)).
		Then("check indentation, colons and quotes"))
}
