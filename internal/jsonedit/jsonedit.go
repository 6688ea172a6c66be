// Package jsonedit edits JSON files. It preserves the bytes of everything that it does not change, and writes new
// values with the layout of the file.
package jsonedit

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"
)

// A Document is the parsed text of a file. Its paths are the names of members and the indexes of elements, from the
// root.
type Document struct {
	Root   hujson.Value
	layout layout
}

// Parse parses JSON. indent is the indentation of one level in an empty object; other files keep their own.
func Parse(content []byte, indent string) (*Document, error) {
	root, err := hujson.Parse(bytes.Clone(content)) // hujson keeps slices of it
	if err != nil {
		return nil, err
	}
	return &Document{root, layoutOf(&root, indent)}, nil
}

// Find returns the value at a path, or nil. Of duplicate names it returns the first.
func (d *Document) Find(path ...string) *hujson.Value {
	v := &d.Root
	for _, name := range path {
		if list, ok := v.Value.(*hujson.Array); ok {
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(list.Elements) {
				return nil
			}
			v = &list.Elements[i]
			continue
		}
		i := index(v, name)
		if i < 0 {
			return nil
		}
		v = &Members(v)[i].Value
	}
	return v
}

// index returns the index of the first member with a name, or -1. Like encoding/json, it treats invalid UTF-8 as U+FFFD.
func index(v *hujson.Value, name string) int {
	return slices.IndexFunc(Members(v), func(m hujson.ObjectMember) bool { return Text(&m.Name) == name })
}

// Set sets the member at a path to a value that encoding/json can encode. It adds the objects that the path lacks, and
// replaces other types, such as null, with objects. A new member gets the whitespace of the members before it. Set does
// nothing if the value is a string and the member has this value, because it may be written with other escapes.
func (d *Document) Set(value any, path ...string) {
	if v := d.Find(path...); v != nil {
		if s, ok := value.(string); !ok || v.Value.Kind() != '"' || Text(v) != s {
			v.Value = d.layout.value(value, len(path))
		}
		return
	}
	parent, name := path[:len(path)-1], path[len(path)-1]
	v := d.Find(parent...)
	if v == nil || v.Value.Kind() != '{' {
		d.Set(map[string]any{name: value}, parent...)
		return
	}
	obj := v.Value.(*hujson.Object)
	m := hujson.ObjectMember{
		Name:  hujson.Value{BeforeExtra: d.layout.before(len(path)), Value: hujson.String(name)},
		Value: hujson.Value{BeforeExtra: d.layout.colon, Value: d.layout.value(value, len(path))},
	}
	switch n := len(obj.Members); {
	case n == 0:
		obj.AfterExtra = d.layout.before(len(parent))
	case n == 1 && len(obj.Members[0].Name.BeforeExtra) == 0:
		m.Name.BeforeExtra = d.layout.colon // {"a": 1, "b": 2} or {"a":1,"b":2}
	default:
		m.Name.BeforeExtra = obj.Members[n-1].Name.BeforeExtra
	}
	obj.Members = append(obj.Members, m)
}

// Prepend inserts an item at the start of the array of a top-level member. If there is no array, or an empty one, it
// sets a new one.
func (d *Document) Prepend(item any, name string) {
	var list *hujson.Array
	if v := d.Find(name); v != nil {
		list, _ = v.Value.(*hujson.Array)
	}
	if list == nil || len(list.Elements) == 0 {
		d.Set([]any{item}, name)
		return
	}
	first := hujson.Value{BeforeExtra: list.Elements[0].BeforeExtra, Value: d.layout.value(item, 2)}
	if len(first.BeforeExtra) == 0 && d.layout.newline == "" {
		list.Elements[0].BeforeExtra = d.layout.colon // as after other commas
	}
	list.Elements = append([]hujson.ArrayElement{first}, list.Elements...)
}

// Bytes returns the text with all changes.
func (d *Document) Bytes() []byte { return d.Root.Pack() }

// Remove removes the member at a path, and reports whether there was one.
func (d *Document) Remove(path ...string) bool {
	parent, name := path[:len(path)-1], path[len(path)-1]
	v := d.Find(parent...)
	i := index(v, name)
	if i < 0 {
		return false
	}
	members := Members(v)
	if i == 0 && len(members) > 1 {
		members[1].Name.BeforeExtra = members[0].Name.BeforeExtra
	}
	members = slices.Delete(members, i, i+1)
	if n := len(members); n > 0 {
		members[n-1].Value.AfterExtra = nil // otherwise hujson would write a trailing comma
	}
	v.Value.(*hujson.Object).Members = members
	return true
}

// Text returns the value of a JSON string, or "" for another type and for nil.
func Text(v *hujson.Value) string {
	if v == nil || v.Value.Kind() != '"' {
		return ""
	}
	return v.Value.(hujson.Literal).String()
}

// Members returns the members of a JSON object, or nil for another type and for nil.
func Members(v *hujson.Value) []hujson.ObjectMember {
	if v == nil || v.Value.Kind() != '{' {
		return nil
	}
	return v.Value.(*hujson.Object).Members
}

// Position returns the line and the column of an offset in a text, from 1. Columns are counted in bytes.
func Position(content []byte, offset int) (line, column int) {
	before := content[:max(0, min(offset, len(content)))]
	return bytes.Count(before, []byte("\n")) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}

// A layout is the whitespace of a file.
type layout struct {
	newline string       // "" if the file has only one line
	indent  string       // indentation of one level
	colon   hujson.Extra // whitespace after a colon, and after a comma within a line
}

// layoutOf returns the layout of the first member. Without members it returns lines with that indentation.
func layoutOf(root *hujson.Value, indent string) layout {
	top := Members(root)
	if len(top) == 0 {
		return layout{"\n", indent, hujson.Extra(" ")}
	}
	var l layout
	if len(top[0].Value.BeforeExtra) > 0 {
		l.colon = hujson.Extra(" ")
	}
	space := top[0].Name.BeforeExtra
	i := bytes.LastIndexByte(space, '\n')
	if i < 0 {
		return l
	}
	l.newline, l.indent = "\n", string(space[i+1:])
	if i > 0 && space[i-1] == '\r' {
		l.newline = "\r\n"
	}
	return l
}

// before returns the whitespace before a member or an element at a level.
func (l layout) before(level int) hujson.Extra {
	if l.newline == "" {
		return nil
	}
	return hujson.Extra(l.newline + strings.Repeat(l.indent, level))
}

// value encodes a value in this layout, as a member or an element at a level.
func (l layout) value(v any, level int) hujson.ValueTrimmed {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // the caller passed a type that encoding/json does not support
	}
	parsed, err := hujson.Parse(text.Bytes())
	if err != nil {
		panic(err) // cannot happen: encoding/json wrote it
	}
	l.apply(&parsed, level)
	return parsed.Value
}

// apply sets the whitespace within a value that has none.
func (l layout) apply(v *hujson.Value, level int) {
	item := func(i int) hujson.Extra {
		if i > 0 && l.newline == "" {
			return l.colon
		}
		return l.before(level + 1)
	}
	switch c := v.Value.(type) {
	case *hujson.Object:
		for i := range c.Members {
			m := &c.Members[i]
			m.Name.BeforeExtra, m.Value.BeforeExtra = item(i), l.colon
			l.apply(&m.Value, level+1)
			c.AfterExtra = l.before(level)
		}
	case *hujson.Array:
		for i := range c.Elements {
			c.Elements[i].BeforeExtra = item(i)
			l.apply(&c.Elements[i], level+1)
			c.AfterExtra = l.before(level)
		}
	}
}
