package configfile

import (
	"bytes"
	"strings"

	"github.com/tailscale/hujson"

	"ecrlogin/credentials/docker/configfile/textfile"
	"ecrlogin/registry"
)

// Diff returns what Save would change, as diff -u shows it, and "" if nothing. Whatever may be a secret is masked, also in
// lines that stay as they are, so that a change of nothing but a secret does not show.
func (f *File) Diff() string {
	before, after := f.text.Content, f.Bytes()
	if len(bytes.TrimSpace(before)) > 0 {
		before = masked(f.parsed)
	}
	if after != nil {
		after = masked(after)
	}
	return textfile.Diff(f.text.Path, before, after)
}

// masked returns the text of a file without secrets: of all texts in it, only those that name a helper are shown. Any other may be
// a secret, since plugins keep what they want in the file.
func masked(content []byte) []byte {
	root, err := hujson.Parse(bytes.Clone(content))
	if err != nil {
		return nil // it has been parsed before
	}
	top := members(&root)
	for i := range top {
		switch name := text(&top[i].Name); {
		case strings.EqualFold(name, credsStore):
		case strings.EqualFold(name, credHelpers):
			helpers := members(&top[i].Value)
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

// mask replaces every text in a value. Numbers, true and false stay.
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
		if text(v) != "" {
			v.Value = hujson.String("(hidden)")
		}
	}
}

// maskName takes user information out of the name of a member, which may be a URL.
func maskName(m *hujson.ObjectMember) {
	if name := text(&m.Name); registry.Shown(name) != name {
		m.Name.Value = hujson.String(registry.Shown(name))
	}
}
