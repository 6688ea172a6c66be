package kubeletconfig

import (
	"cmp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// An entry edits a provider in YAML line by line. Values that share a line with others are not changed.
type entry struct {
	lines  []string // the whole file
	node   *yaml.Node
	column int // column of its keys, from 1
	edits  []edit
}

// An edit replaces a range of lines.
type edit struct {
	from, to int // from 0, excluding to
	lines    []string
}

// edited returns the file's lines with all edits applied.
func (e *entry) edited() []string {
	lines := slices.Clone(e.lines)
	// Edits are applied from the end, and insertions before a line after edits of that line, so that line numbers stay
	// valid.
	slices.SortStableFunc(e.edits, func(a, b edit) int { return cmp.Or(cmp.Compare(b.from, a.from), cmp.Compare(b.to, a.to)) })
	for _, edit := range e.edits {
		lines = slices.Replace(lines, edit.from, edit.to, edit.lines...)
	}
	return lines
}

// keyOf returns the node of a key; nil if the mapping does not contain it.
func keyOf(mapping *yaml.Node, key string) *yaml.Node {
	if i := indexOf(mapping, key); i >= 0 {
		return mapping.Content[i]
	}
	return nil
}

// valueOf returns the value of a key. The mapping must contain the key.
func valueOf(mapping *yaml.Node, key string) *yaml.Node {
	return mapping.Content[indexOf(mapping, key)+1]
}

func indexOf(mapping *yaml.Node, key string) int {
	for i := 0; i < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return i
		}
	}
	return -1
}

// set replaces the lines of a key and its value, or removes them if lines is empty. It does nothing if they contain
// comments.
func (e *entry) set(key string, lines []string) {
	k := keyOf(e.node, key)
	if k == nil {
		e.add(lines)
		return
	}
	from, to := e.block(k)
	if slices.ContainsFunc(e.lines[from:to], func(line string) bool { return strings.Contains(line, "#") }) {
		return // the comment would be lost
	}
	if before := e.lines[from][:e.column-1]; strings.TrimSpace(before) != "" { // the dash
		if len(lines) == 0 {
			lines = []string{before + key + ": []"}
		}
		lines = append([]string{before + lines[0][e.column-1:]}, lines[1:]...)
	}
	e.edits = append(e.edits, edit{from, to, lines})
}

// add inserts lines after the line of the name.
func (e *entry) add(lines []string) {
	at := keyOf(e.node, "name").Line
	e.edits = append(e.edits, edit{at, at, lines})
}

// block returns the range of lines of a key and its value.
func (e *entry) block(key *yaml.Node) (from, to int) {
	from = key.Line - 1
	to = from + 1
	for i := from + 1; i < len(e.lines); i++ {
		text := strings.TrimLeft(e.lines[i], " ")
		indent := len(e.lines[i]) - len(text)
		switch {
		case strings.TrimSpace(text) == "", strings.HasPrefix(text, "#"):
			continue // part of the block only if a later line is
		case indent < e.column-1, indent == e.column-1 && !strings.HasPrefix(text, "-"):
			return from, to
		}
		to = i + 1
	}
	return from, to
}

// setList removes items from an existing list and appends new ones. Comments on the other items are preserved.
func (e *entry) setList(key string, was, want []string) {
	if slices.Equal(was, want) {
		return
	}
	list := valueOf(e.node, key)
	if list.Kind != yaml.SequenceNode || list.Style&yaml.FlowStyle != 0 {
		e.set(key, yamlList(strings.Repeat(" ", e.column-1), key, want))
		return
	}
	var before string
	end := 0
	for i, item := range list.Content {
		line := item.Line
		before = e.lines[line-1][:item.Column-1]
		end = max(end, line)
		if !slices.Contains(want, was[i]) {
			e.edits = append(e.edits, edit{line - 1, line, nil})
		}
	}
	var added []string
	for _, item := range want {
		if !slices.Contains(was, item) {
			added = append(added, before+scalar(item))
		}
	}
	e.edits = append(e.edits, edit{end, end, added})
}
