package dockerconfig

import (
	"bytes"
	"strings"

	"github.com/tailscale/hujson"
)

// text returns the value of a JSON string, or "" for another type.
func text(v *hujson.Value) string {
	if v == nil || v.Value.Kind() != '"' {
		return ""
	}
	return v.Value.(hujson.Literal).String()
}

// members returns the members of a JSON object, or nil for another type.
func members(v *hujson.Value) []hujson.ObjectMember {
	if v == nil || v.Value.Kind() != '{' {
		return nil
	}
	return v.Value.(*hujson.Object).Members
}

func exactName(name string) func(string) bool {
	return func(s string) bool { return s == name }
}

func foldName(name string) func(string) bool {
	return func(s string) bool { return strings.EqualFold(s, name) }
}

// find returns the value of the first member whose name matches, or nil.
func find(obj *hujson.Object, named func(string) bool) *hujson.Value {
	for i := range obj.Members {
		if named(text(&obj.Members[i].Name)) {
			return &obj.Members[i].Value
		}
	}
	return nil
}

// remove removes the first member whose name matches, and reports whether there was one.
func remove(obj *hujson.Object, named func(string) bool) bool {
	for i := range obj.Members {
		if !named(text(&obj.Members[i].Name)) {
			continue
		}
		if i == 0 && len(obj.Members) > 1 {
			obj.Members[1].Name.BeforeExtra = obj.Members[0].Name.BeforeExtra
		}
		obj.Members = append(obj.Members[:i], obj.Members[i+1:]...)
		if n := len(obj.Members); n > 0 {
			obj.Members[n-1].Value.AfterExtra = nil // otherwise hujson would write a trailing comma
		}
		return true
	}
	return false
}

// top returns the value of a top-level key, or nil.
func (f *File) top(key string) *hujson.Value {
	return find(f.root.Value.(*hujson.Object), foldName(key))
}

// object returns the object of a top-level key, and creates it if there is none.
func (f *File) object(key string) *hujson.Object {
	if v := f.top(key); v != nil && v.Value.Kind() == '{' {
		return v.Value.(*hujson.Object)
	}
	obj := new(hujson.Object)
	if v := f.top(key); v != nil {
		v.Value = obj // it was null
		return obj
	}
	f.layout().set(f.root.Value.(*hujson.Object), 1, key, obj)
	return obj
}

// A layout is the formatting of a file.
type layout struct {
	newline string // "" if the file has only one line
	indent  string // indentation of one level
	colon   string // space after a colon
}

// layout returns the formatting of the first member, or Docker's formatting for a file without members.
func (f *File) layout() layout {
	top := f.root.Value.(*hujson.Object)
	if len(top.Members) == 0 {
		return layout{"\n", "\t", " "}
	}
	var l layout
	if len(top.Members[0].Value.BeforeExtra) > 0 {
		l.colon = " "
	}
	space := top.Members[0].Name.BeforeExtra
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

// before returns the whitespace before a member of that level.
func (l layout) before(level int) hujson.Extra {
	if l.newline == "" {
		return nil
	}
	return hujson.Extra(l.newline + strings.Repeat(l.indent, level))
}

// set sets the value of a member of an object of that level. If there is no member with that name, it appends one with
// the same formatting as the members before it.
func (l layout) set(obj *hujson.Object, level int, name string, value hujson.ValueTrimmed) {
	if v := find(obj, exactName(name)); v != nil {
		if old, ok := v.Value.(hujson.Literal); !ok || !isLiteral(value, old) {
			v.Value = value
		}
		return
	}
	m := hujson.ObjectMember{
		Name:  hujson.Value{BeforeExtra: l.before(level), Value: hujson.String(name)},
		Value: hujson.Value{BeforeExtra: hujson.Extra(l.colon), Value: value},
	}
	switch n := len(obj.Members); {
	case n == 0:
		obj.AfterExtra = l.before(level - 1)
	case n == 1 && len(obj.Members[0].Name.BeforeExtra) == 0:
		m.Name.BeforeExtra = hujson.Extra(l.colon) // {"a": 1, "b": 2} or {"a":1,"b":2}
	default:
		m.Name.BeforeExtra = obj.Members[n-1].Name.BeforeExtra
	}
	obj.Members = append(obj.Members, m)
}

func isLiteral(v hujson.ValueTrimmed, old hujson.Literal) bool {
	l, ok := v.(hujson.Literal)
	return ok && l.Kind() == old.Kind() && l.String() == old.String()
}
