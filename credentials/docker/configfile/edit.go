package configfile

import (
	"bytes"
	"strings"

	"github.com/tailscale/hujson"
)

// text returns the text of a value, "" if it is none.
func text(v *hujson.Value) string {
	if v == nil || v.Value.Kind() != '"' {
		return ""
	}
	return v.Value.(hujson.Literal).String()
}

// members returns the members of a value, none if it is no object.
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

// find returns the value of the first member of that name.
func find(obj *hujson.Object, named func(string) bool) *hujson.Value {
	for i := range obj.Members {
		if named(text(&obj.Members[i].Name)) {
			return &obj.Members[i].Value
		}
	}
	return nil
}

// remove removes the first member of that name, and reports whether there was one.
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
			obj.Members[n-1].Value.AfterExtra = nil // or hujson would put a comma behind it
		}
		return true
	}
	return false
}

// top returns the value of a key of the file.
func (f *File) top(key string) *hujson.Value {
	return find(f.root.Value.(*hujson.Object), foldName(key))
}

// object returns the object of a key of the file, and makes one if there is none.
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

// A layout is how the file is written.
type layout struct {
	newline string // "" if all is in one line
	indent  string // of each level
	colon   string // what follows one
}

// layout finds it from the first member; a file without any gets Docker's.
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

// before is the white space in front of a member of that level.
func (l layout) before(level int) hujson.Extra {
	if l.newline == "" {
		return nil
	}
	return hujson.Extra(l.newline + strings.Repeat(l.indent, level))
}

// set gives a member its value, and appends it to an object of that level, in the manner of those before it, if there is
// none of that name.
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
