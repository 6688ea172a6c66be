package configfile

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/tailscale/hujson"

	"ecrlogin/credentials/docker/configfile/textfile"
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

// masked returns the text of a file without secrets.
func masked(content []byte) []byte {
	root, err := hujson.Parse(bytes.Clone(content))
	if err != nil {
		return nil // it has been parsed before
	}
	for i := range members(&root) {
		if m := &members(&root)[i]; !strings.EqualFold(text(&m.Name), credHelpers) {
			hide(&m.Value, suspicious.MatchString(text(&m.Name)))
		}
	}
	return root.Pack()
}

// hide masks the texts in a value that may be secrets, or all.
func hide(v *hujson.Value, all bool) {
	switch value := v.Value.(type) {
	case *hujson.Object:
		for i := range value.Members {
			m := &value.Members[i]
			hide(&m.Value, all || suspicious.MatchString(text(&m.Name)))
			if userInfo.MatchString(text(&m.Name)) {
				m.Name.Value = hujson.String("(hidden)")
			}
		}
	case *hujson.Array:
		for i := range value.Elements {
			hide(&value.Elements[i], all)
		}
	default:
		if s := text(v); s != "" && (all || userInfo.MatchString(s)) {
			v.Value = hujson.String("(hidden)")
		}
	}
}

var (
	// suspicious are names of what Docker and Podman keep secrets in, and by which their plugins might.
	suspicious = regexp.MustCompile(`(?i)auth|token|passw|secret|httpheaders`)
	// userInfo is in a URL with a password, as that of a proxy may be.
	userInfo = regexp.MustCompile(`://[^/]*@`)
)
