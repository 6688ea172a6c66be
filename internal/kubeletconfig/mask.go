package kubeletconfig

import (
	"math"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"ecrlogin/internal/strictyaml"
)

const (
	hidden     = "(hidden)"
	secretFlag = `(?i)--?[a-z-]*(secret|passw|token|key)[a-z-]*` // a flag of another program that may contain a secret
)

// Masked returns the content for messages. It hides the values of variables and the values of flags that may be
// secrets, each with the rest of its line.
func (f *File) Masked() []byte {
	if f.isEmpty() {
		return f.Content
	}
	root, err := newDocument(f.Path).Parse(f.Content)
	if err != nil || root == nil {
		return nil // cannot happen: Parse has accepted it
	}
	lines := strings.SplitAfter(string(f.Content), "\n")
	scalars := scalarsOf(root, nil)
	for i, s := range slices.Backward(scalars) { // backward, so that the positions before remain valid
		if !s.secret {
			continue
		}
		next := &yaml.Node{Line: len(lines) + 1} // the end
		if i+1 < len(scalars) {
			next = scalars[i+1].Node
		}
		hideValue(lines, s.Node, next)
	}
	flag := regexp.MustCompile("(" + secretFlag + "=)[^\r\n]+")
	return []byte(flag.ReplaceAllString(strings.Join(lines, ""), "${1}"+hidden))
}

// A scalar is a string, number, boolean or null.
type scalar struct {
	*yaml.Node
	secret bool // the value of a variable, or the argument after a flag that may be secret
}

// scalarsOf appends the scalars in a node, in the order of the text.
func scalarsOf(n *yaml.Node, all []scalar) []scalar {
	flag := regexp.MustCompile("^" + secretFlag + "$")
	for i, child := range n.Content {
		if child.Kind == yaml.ScalarNode {
			secret := false
			switch {
			case i == 0 || strictyaml.IsNull(child):
			case n.Kind == yaml.MappingNode:
				secret = i%2 == 1 && n.Content[i-1].Value == "value"
			default:
				secret = flag.MatchString(n.Content[i-1].Value)
			}
			all = append(all, scalar{child, secret})
		}
		all = scalarsOf(child, all)
	}
	return all
}

// hideValue hides the text from a value to the next scalar. It keeps white space, comments and punctuation after the
// first line of the value.
func hideValue(lines []string, value, next *yaml.Node) {
	first, rest, end := split(lines[value.Line-1], value.Column)
	lines[value.Line-1] = first + hidden + end
	complete := regexp.MustCompile(`^("([^"\\]|\\.)*"|'([^']|'')*'([^']|$))`)
	if complete.MatchString(rest) {
		return
	}
	plain := value.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	for n := value.Line + 1; n <= min(next.Line, len(lines)); n++ {
		column := math.MaxInt
		if n == next.Line {
			column = next.Column
		}
		text, after, end := split(lines[n-1], column)
		trimmed := strings.TrimLeft(text, " \t")
		comment := plain && strings.HasPrefix(trimmed, "#")
		if !comment && strings.Trim(trimmed, "-?:,[]{} \t") != "" {
			lines[n-1] = strings.TrimSuffix(text, trimmed) + hidden + after + end
		}
	}
}

// split splits a line before a column, which counts characters from 1, and before its line end.
func split(line string, column int) (before, after, end string) {
	text := strings.TrimRight(line, "\r\n")
	runes := []rune(text)
	column = min(column-1, len(runes))
	return string(runes[:column]), string(runes[column:]), line[len(text):]
}
