// Package yamledit edits YAML files line by line. It preserves comments, order and layout.
//
// It changes lines of block style only, and does nothing where a comment would be lost. Callers must parse the result
// and compare it with the intended content.
package yamledit

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"ecrlogin/internal/strictyaml"
)

// A Document is the text of a file. Its paths are the keys of mappings and the indexes of items, from the root.
type Document struct {
	root    *yaml.Node // nil if the file is empty
	lines   []string   // with their line ends
	newline string     // line end of new lines
	edits   []edit     // of lines
}

// An edit replaces a range of lines.
type edit struct {
	from, to int // from 0, excluding to
	lines    []string
}

// Parse parses the first YAML document in a file.
func Parse(content []byte) (*Document, error) {
	at := func(line, column int, problem error) error { return fmt.Errorf("%d:%d: %w", line, column, problem) }
	root, err := strictyaml.Reader{At: at}.Parse(content)
	if err != nil {
		return nil, err
	}
	d := &Document{root: root, newline: "\n", lines: slices.Collect(strings.Lines(string(content)))}
	if bytes.Contains(content, []byte("\r\n")) {
		d.newline = "\r\n"
	}
	return d, nil
}

// Bytes returns the text with all changes.
func (d *Document) Bytes() []byte {
	lines := slices.Clone(d.lines)
	// Edits are applied from the end, and insertions before a line after edits of that line, so that line numbers stay
	// valid.
	slices.SortStableFunc(d.edits, func(a, b edit) int { return cmp.Or(cmp.Compare(b.from, a.from), cmp.Compare(b.to, a.to)) })
	for _, e := range d.edits {
		lines = slices.Replace(lines, e.from, e.to, e.lines...)
	}
	for i, line := range lines {
		if i < len(lines)-1 && !strings.HasSuffix(line, "\n") {
			lines[i] += d.newline
		}
	}
	return []byte(strings.Join(lines, ""))
}

// replace replaces a range of lines with new lines, which have no line ends.
func (d *Document) replace(from, to int, indent string, lines []string) {
	var ended []string
	for _, line := range lines {
		ended = append(ended, indent+line+d.newline)
	}
	d.edits = append(d.edits, edit{from, to, ended})
}

// find returns the node at a path, or nil.
func (d *Document) find(path []string) *yaml.Node {
	n := d.root
	for _, name := range path {
		switch i, err := strconv.Atoi(name); {
		case n == nil:
			return nil
		case n.Kind == yaml.SequenceNode && err == nil && i < len(n.Content):
			n = n.Content[i]
		default:
			_, n = member(n, name)
		}
	}
	return n
}

// member returns the nodes of a key and its value, or nil if the node is not a mapping with that key.
func member(n *yaml.Node, name string) (key, value *yaml.Node) {
	for key, value := range strictyaml.Members(n) {
		if key.Value == name {
			return key, value
		}
	}
	return nil, nil
}

func isFlow(n *yaml.Node) bool { return n.Style&yaml.FlowStyle != 0 }

// Set sets the value of a key to a value that encoding/json can encode. A new key is added at the end of the file, or
// after the first scalar of the mapping in which it is, or else at the start of that mapping. Items that are in both the
// old and the new list keep their lines.
func (d *Document) Set(value any, path ...string) {
	parent, name := d.find(path[:len(path)-1]), path[len(path)-1]
	key, old := member(parent, name)
	switch node := encode(value); {
	case key == nil && len(path) == 1:
		d.replace(len(d.lines), len(d.lines), "", keyLines(name, node))
	case parent == nil || isFlow(parent):
	case key == nil:
		d.insert(path[:len(path)-1], keyLines(name, node))
	case old.Kind == yaml.ScalarNode && node.Kind == yaml.ScalarNode && old.ShortTag() != "!!null":
		d.setScalar(old, node)
	case d.setList(old, node):
	default:
		d.setBlock(parent, key, keyLines(name, node))
	}
}

// insert adds lines after the first scalar of the mapping at a path or, if there is none, after the key of that mapping.
// A comment above the first key then stays with that key.
func (d *Document) insert(path, lines []string) {
	mapping := d.find(path)
	for i := 1; i < len(mapping.Content); i += 2 {
		if v := mapping.Content[i]; v.Kind == yaml.ScalarNode && v.ShortTag() != "!!null" {
			d.replace(v.Line, v.Line, blanks(mapping), lines)
			return
		}
	}
	if len(path) == 0 || mapping.Kind != yaml.MappingNode {
		return
	}
	if key, _ := member(d.find(path[:len(path)-1]), path[len(path)-1]); key != nil && key.Line < mapping.Line {
		d.replace(key.Line, key.Line, blanks(mapping), lines)
	}
}

func blanks(n *yaml.Node) string { return strings.Repeat(" ", n.Column-1) }

// setScalar replaces a scalar in a line.
func (d *Document) setScalar(old, value *yaml.Node) {
	line := d.lines[old.Line-1]
	before, text := line[:old.Column-1], line[old.Column-1:]
	end := len(old.Value)
	if strings.HasPrefix(text, `"`) || strings.HasPrefix(text, "'") {
		end = strings.IndexByte(text[1:], text[0]) + 2
	} else if !strings.HasPrefix(text, old.Value) {
		return // it continues in the next lines
	}
	d.edits = append(d.edits, edit{old.Line - 1, old.Line, []string{before + scalar(value) + text[end:]}})
}

// setList removes items from a list and appends new ones. Comments on the other items are preserved. It reports false
// if that does not lead to the new list.
func (d *Document) setList(old, list *yaml.Node) bool {
	if old.Kind != yaml.SequenceNode || isFlow(old) || len(list.Content) == 0 {
		return false
	}
	kept, removed := split(old.Content, list.Content)
	_, added := split(list.Content, old.Content)
	same := func(a, b *yaml.Node) bool { return a.Value == b.Value }
	if !slices.EqualFunc(append(kept, added...), list.Content, same) {
		return false
	}
	for _, item := range removed {
		d.replace(item.Line-1, item.Line, "", nil)
	}
	last := old.Content[len(old.Content)-1]
	var lines []string
	for _, item := range added {
		lines = append(lines, scalar(item))
	}
	d.replace(last.Line, last.Line, d.lines[last.Line-1][:last.Column-1], lines)
	return true
}

// split returns the items of a list that are and that are not in another list.
func split(list, other []*yaml.Node) (in, out []*yaml.Node) {
	for _, item := range list {
		if slices.ContainsFunc(other, func(n *yaml.Node) bool { return n.Value == item.Value }) {
			in = append(in, item)
		} else {
			out = append(out, item)
		}
	}
	return in, out
}

// setBlock replaces the lines of a key and its value.
func (d *Document) setBlock(mapping, key *yaml.Node, lines []string) {
	from, to := d.block(mapping, key)
	if slices.ContainsFunc(d.lines[from:to], func(line string) bool { return strings.Contains(line, "#") }) {
		return // the comment would be lost
	}
	indent := blanks(mapping)
	if before := d.lines[from][:key.Column-1]; strings.TrimSpace(before) != "" { // the dash
		d.replace(from, to, "", append([]string{before + lines[0]}, indented(indent, lines[1:])...))
		return
	}
	d.replace(from, to, indent, lines)
}

// block returns the range of lines of a key and its value.
func (d *Document) block(mapping, key *yaml.Node) (from, to int) {
	from = key.Line - 1
	to = from + 1
	for i := from + 1; i < len(d.lines); i++ {
		text := strings.TrimLeft(d.lines[i], " ")
		indent := len(d.lines[i]) - len(text)
		switch {
		case strings.TrimSpace(text) == "", strings.HasPrefix(text, "#"):
			continue // part of the block only if a later line is
		case indent < mapping.Column-1, indent == mapping.Column-1 && !strings.HasPrefix(text, "-"):
			return from, to
		}
		to = i + 1
	}
	return from, to
}

// Prepend inserts an item at the start of the list of a top-level key, and adds the key if it is missing. A comment
// above the first item stays with that item. A comment after [] or null is removed with it.
func (d *Document) Prepend(item any, name string) {
	lines := blockLines(encode([]any{item}))
	key, list := member(d.root, name)
	if key == nil {
		d.replace(len(d.lines), len(d.lines), "", append([]string{name + ":"}, indented("  ", lines)...))
		return
	}
	indent := "  "
	_, text, _ := strings.Cut(d.lines[key.Line-1], ":")
	value, _, _ := strings.Cut(text, "#")
	switch {
	case list.Kind == yaml.SequenceNode && !isFlow(list):
		indent = blanks(list)
	case strings.TrimSpace(value) != "": // [] or null, and possibly a comment on it
		d.replace(key.Line-1, key.Line, "", []string{name + ":"})
	}
	d.replace(key.Line, key.Line, indent, lines)
}
