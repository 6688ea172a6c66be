package dockerconfig

import (
	"bytes"
	"strings"

	"github.com/tailscale/hujson"

	"ecrlogin/internal/jsonedit"
	"ecrlogin/internal/userfile"
	"ecrlogin/registry"
)

// Diff returns the changes that Save would write, in the format of diff -u, or "" if there are none. Values that may
// be secrets are masked in all lines, so a change that affects only a secret is not visible.
func (f *File) Diff() string {
	before, after := f.text.Content, f.Bytes()
	if len(bytes.TrimSpace(before)) > 0 {
		before = masked(f.parsed)
	}
	if after != nil {
		after = masked(after)
	}
	return userfile.Diff(f.text.Path, before, after)
}

// masked returns the content of a file with all strings masked except helper names. Any other string may be a secret,
// because plugins store arbitrary data in the file.
func masked(content []byte) []byte {
	root, err := hujson.Parse(bytes.Clone(content))
	if err != nil {
		return nil // cannot happen: Open has parsed it
	}
	top := jsonedit.Members(&root)
	for i := range top {
		switch name := jsonedit.Text(&top[i].Name); {
		case strings.EqualFold(name, credsStore):
		case strings.EqualFold(name, credHelpers):
			helpers := jsonedit.Members(&top[i].Value)
			for j := range helpers {
				maskName(&helpers[j])
			}
		default:
			maskName(&top[i])
			mask(&top[i].Value)
		}
	}
	return root.Pack()
}

// mask replaces all strings in a value. It keeps numbers and booleans.
func mask(v *hujson.Value) {
	switch value := v.Value.(type) {
	case *hujson.Object:
		for i := range value.Members {
			maskName(&value.Members[i])
			mask(&value.Members[i].Value)
		}
	case *hujson.Array:
		for i := range value.Elements {
			mask(&value.Elements[i])
		}
	default:
		if jsonedit.Text(v) != "" {
			v.Value = hujson.String("(hidden)")
		}
	}
}

// maskName removes user information from the name of a member, which may be a URL.
func maskName(m *hujson.ObjectMember) {
	if name := jsonedit.Text(&m.Name); registry.Shown(name) != name {
		m.Name.Value = hujson.String(registry.Shown(name))
	}
}
