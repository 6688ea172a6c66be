package kubeletconfig

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/tailscale/hujson"
)

// jsonWith replaces provider i in a JSON file, or inserts the provider first if i is negative. It returns nil if it
// cannot.
func (f *File) jsonWith(i int, p Provider) []byte {
	root, err := hujson.Parse(slices.Clone(f.content))
	if err != nil {
		return nil
	}
	top, ok := root.Value.(*hujson.Object)
	if !ok {
		return nil
	}
	l := layoutOf(top)
	v := find(top, "providers")
	if v == nil {
		l.set(top, 1, "providers", []Provider{p})
		return root.Pack()
	}
	list, ok := v.Value.(*hujson.Array)
	switch {
	case !ok || len(list.Elements) == 0:
		v.Value = l.value(1, []Provider{p})
	case i < 0:
		first := hujson.Value{BeforeExtra: list.Elements[0].BeforeExtra, Value: l.value(2, p)}
		if len(first.BeforeExtra) == 0 && l.newline == "" {
			list.Elements[0].BeforeExtra = hujson.Extra(l.colon) // as after other commas
		}
		list.Elements = append([]hujson.ArrayElement{first}, list.Elements...)
	default:
		obj, ok := list.Elements[i].Value.(*hujson.Object)
		if !ok {
			return nil
		}
		l.update(obj, f.Providers[i], p)
	}
	return root.Pack()
}

// update sets the members of a provider that differ.
func (l layout) update(obj *hujson.Object, was, want Provider) {
	if was.APIVersion != want.APIVersion {
		l.set(obj, 3, "apiVersion", want.APIVersion)
	}
	if !slices.Equal(was.MatchImages, want.MatchImages) {
		l.set(obj, 3, "matchImages", want.MatchImages)
	}
	switch {
	case slices.Equal(was.Args, want.Args):
	case len(want.Args) == 0:
		l.set(obj, 3, "args", []string{})
	default:
		l.set(obj, 3, "args", want.Args)
	}
	if want.TokenAttributes != nil {
		l.set(obj, 3, "tokenAttributes", want.TokenAttributes)
	}
}

// find returns the value of a member; nil if there is none.
func find(obj *hujson.Object, name string) *hujson.Value {
	for i := range obj.Members {
		if l, ok := obj.Members[i].Name.Value.(hujson.Literal); ok && l.String() == name {
			return &obj.Members[i].Value
		}
	}
	return nil
}

// A layout describes the white space of a file.
type layout struct {
	newline string // "" for a file in one line
	indent  string // indentation of each level
	colon   string // white space after a colon
}

// layoutOf returns the layout of the first member.
func layoutOf(top *hujson.Object) layout {
	l := layout{newline: "\n", indent: "  ", colon: " "}
	if len(top.Members) == 0 {
		return l
	}
	if len(top.Members[0].Value.BeforeExtra) == 0 {
		l.colon = ""
	}
	space := top.Members[0].Name.BeforeExtra
	i := bytes.LastIndexByte(space, '\n')
	switch {
	case i < 0:
		l.newline, l.indent = "", ""
	case i > 0 && space[i-1] == '\r':
		l.newline, l.indent = "\r\n", string(space[i+1:])
	default:
		l.indent = string(space[i+1:])
	}
	return l
}

// value returns v in this layout, as the value of a member or element at a level.
func (l layout) value(level int, v any) hujson.ValueTrimmed {
	text, err := json.MarshalIndent(v, strings.Repeat(l.indent, level), l.indent)
	if l.newline == "" {
		text, err = json.Marshal(v)
	}
	if err != nil {
		panic(err) // strings can always be encoded
	}
	parsed, err := hujson.Parse(bytes.ReplaceAll(text, []byte("\n"), []byte(cmp.Or(l.newline, "\n"))))
	if err != nil {
		panic(err)
	}
	return parsed.Value
}

// set sets the value of a member. It appends a new member with the white space of the previous one.
func (l layout) set(obj *hujson.Object, level int, name string, value any) {
	if v := find(obj, name); v != nil {
		v.Value = l.value(level, value)
		return
	}
	m := hujson.ObjectMember{
		Name:  hujson.Value{Value: hujson.String(name)},
		Value: hujson.Value{BeforeExtra: hujson.Extra(l.colon), Value: l.value(level, value)},
	}
	n := len(obj.Members)
	m.Name.BeforeExtra = obj.Members[n-1].Name.BeforeExtra
	if n == 1 && len(m.Name.BeforeExtra) == 0 {
		m.Name.BeforeExtra = hujson.Extra(l.colon)
	}
	obj.Members = append(obj.Members, m)
}
