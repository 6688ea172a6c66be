// Package leaktest searches output, files and processes for secrets, for tests. It finds each part of a secret of at
// least 16 bytes, also in base64, hexadecimal and URL-encoded.
//
// Its search is independent of credentials.Reveals, with which the program decides what it shows.
package leaktest

import (
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// window is the length of the parts of a secret that are searched for, in bytes.
const window = 16

// Secrets are texts that must not be shown, by their names.
type Secrets map[string]string

// With returns s and another secret.
func (s Secrets) With(name, value string) Secrets {
	all := Secrets{name: value}
	maps.Copy(all, s)
	return all
}

// Without returns s without the secrets whose names start with one of the prefixes.
func (s Secrets) Without(prefixes ...string) Secrets {
	some := Secrets{}
	for name, value := range s {
		if !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
			some[name] = value
		}
	}
	return some
}

// In returns the names of the secrets that a text contains, sorted. It panics if a secret is too short to be found.
func (s Secrets) In(text string) (found []string) {
	parts := map[string]bool{}
	for i := range max(0, len(text)-window+1) {
		parts[text[i:i+window]] = true
	}
	for name, value := range s {
		if len(value) < window {
			panic("leaktest: the secret " + name + " is too short")
		}
		if slices.ContainsFunc(forms(value), func(form string) bool { return overlaps(parts, form) }) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

func overlaps(parts map[string]bool, form string) bool {
	for i := range max(0, len(form)-window+1) {
		if parts[form[i:i+window]] {
			return true
		}
	}
	return false
}

// forms returns the forms of a secret: in base64, one for each number of bytes before it.
func forms(secret string) []string {
	lower := hex.EncodeToString([]byte(secret))
	all := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), lower, strings.ToUpper(lower)}
	for before := range 3 {
		bytes := append(make([]byte, before), secret...)
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			encoded := encoding.EncodeToString(bytes)
			if before > 0 {
				encoded = encoded[4:] // depends on the bytes before the secret
			}
			all = append(all, encoded[:len(encoded)-2]) // the end depends on the bytes after it
		}
	}
	return all
}

// Check fails the test if a text contains a secret. The error names the secrets, and shows the text.
func (s Secrets) Check(t *testing.T, what, text string) {
	t.Helper()
	if found := s.In(text); found != nil {
		t.Errorf("%s contains %s:\n%s", what, strings.Join(found, ", "), text)
	}
}

// A Tree is the content of the files below a directory, by path.
type Tree map[string]string

// Files returns the regular files and the links below a directory, except in the directories with these names.
func Files(t *testing.T, dir string, except ...string) Tree {
	t.Helper()
	tree := Tree{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(except, d.Name()):
			return filepath.SkipDir
		case d.Type().IsRegular():
			content, err := os.ReadFile(path)
			tree[path] = string(content)
			return err
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			tree[path] = target
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// Changed returns the files of t that are not in before, or with another content.
func (t Tree) Changed(before Tree) Tree {
	changed := Tree{}
	for path, content := range t {
		if old, ok := before[path]; !ok || old != content {
			changed[path] = content
		}
	}
	return changed
}
