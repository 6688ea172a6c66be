package kubeletconfig

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// yaml returns the lines of a provider as a list item. indent precedes the dash.
func (p Provider) yaml(indent string) []string {
	inside := indent + "  "
	lines := []string{
		indent + "- name: " + scalar(p.Name),
		inside + "apiVersion: " + scalar(p.APIVersion),
	}
	lines = append(lines, yamlList(inside, "matchImages", p.MatchImages)...)
	lines = append(lines, inside+"defaultCacheDuration: "+scalar(p.DefaultCacheDuration))
	lines = append(lines, yamlList(inside, "args", p.Args)...)
	if len(p.Env) > 0 {
		lines = append(lines, inside+"env:")
	}
	for _, v := range p.Env {
		lines = append(lines, inside+"  - name: "+scalar(v.Name), inside+"    value: "+scalar(v.Value))
	}
	return append(lines, p.TokenAttributes.yaml(inside)...)
}

func (t *TokenAttributes) yaml(indent string) []string {
	if t == nil {
		return nil
	}
	inside := indent + "  "
	lines := []string{
		indent + "tokenAttributes:",
		inside + "serviceAccountTokenAudience: " + scalar(t.Audience),
		inside + "cacheType: " + t.CacheType,
		inside + "requireServiceAccount: " + strconv.FormatBool(t.RequireServiceAccount),
	}
	lines = append(lines, yamlList(inside, "requiredServiceAccountAnnotationKeys", t.RequiredAnnotations)...)
	return append(lines, yamlList(inside, "optionalServiceAccountAnnotationKeys", t.OptionalAnnotations)...)
}

// yamlList returns the lines of a key with a list; none for an empty list.
func yamlList(indent, key string, items []string) []string {
	if len(items) == 0 {
		return nil
	}
	lines := []string{indent + key + ":"}
	for _, item := range items {
		lines = append(lines, indent+"  - "+scalar(item))
	}
	return lines
}

var plain = regexp.MustCompile(`^(--)?[A-Za-z/][A-Za-z0-9_./-]*$`)

// scalar returns a string as a YAML scalar, quoted if YAML could read it as another type, such as a number or a
// boolean.
func scalar(s string) string {
	switch strings.ToLower(s) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
	default:
		if plain.MatchString(s) {
			return s
		}
	}
	return strconv.Quote(s) // its escapes are valid in YAML
}

func join(lines []string, newline string) []byte {
	return []byte(strings.Join(lines, newline) + newline)
}

// lines returns the lines of the file without line ends, and the line end.
func (f *File) lines() (lines []string, newline string) {
	newline = "\n"
	if bytes.Contains(f.content, []byte("\r\n")) {
		newline = "\r\n"
	}
	text := strings.TrimSuffix(strings.ReplaceAll(string(f.content), "\r\n", "\n"), "\n")
	return strings.Split(text, "\n"), newline
}

// yamlInsert inserts a provider after the key providers, or appends both. A comment above the first provider stays
// with that provider.
func (f *File) yamlInsert(p Provider) []byte {
	lines, newline := f.lines()
	if f.key == nil {
		return join(append(lines, append([]string{"providers:"}, p.yaml("  ")...)...), newline)
	}
	indent, at := "  ", f.key.Line
	switch {
	case f.list.Kind != yaml.SequenceNode:
	case f.list.Style&yaml.FlowStyle != 0: // With detects that a non-empty list was lost
		lines[at-1] = "providers:"
	default:
		indent = strings.Repeat(" ", f.list.Column-1)
	}
	return join(slices.Insert(lines, at, p.yaml(indent)...), newline)
}

// yamlUpdate changes the lines of the keys of a provider whose values differ, and adds missing keys after its name.
// With detects incomplete changes.
func (f *File) yamlUpdate(i int, p Provider) []byte {
	lines, newline := f.lines()
	e := &entry{lines: lines, node: f.entries[i], column: f.entries[i].Column}
	indent, was := strings.Repeat(" ", e.column-1), f.Providers[i]
	e.setList("matchImages", was.MatchImages, p.MatchImages)
	if !slices.Equal(was.Args, p.Args) {
		e.set("args", yamlList(indent, "args", p.Args))
	}
	if was.APIVersion != p.APIVersion {
		e.set("apiVersion", []string{indent + "apiVersion: " + scalar(p.APIVersion)})
	}
	if text := p.TokenAttributes.yaml(indent); !slices.Equal(text, was.TokenAttributes.yaml(indent)) {
		e.set("tokenAttributes", text)
	}
	return join(e.edited(), newline)
}
