package kubeletfile

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
)

// New returns the text of a file with one provider, in YAML or in JSON.
func New(p Provider, inJSON bool) []byte {
	if !inJSON {
		return join(slices.Concat([]string{"apiVersion: " + Version, "kind: " + kind, "providers:"}, p.yaml("  ")), "\n")
	}
	text, err := json.MarshalIndent(struct {
		APIVersion string     `json:"apiVersion"`
		Kind       string     `json:"kind"`
		Providers  []Provider `json:"providers"`
	}{Version, kind, []Provider{p}}, "", "  ")
	if err != nil {
		panic(err) // texts can always be encoded
	}
	return append(text, '\n')
}

// With returns the file's text with a provider in it: in place of the one of that name or, if there is none, in front of the
// others, so that its passwords are tried first. The error is for a file that is written in a way which cannot be edited
// without losing something, and tells what to add by hand.
func (f *File) With(p Provider) ([]byte, error) {
	i := f.index(p.Name)
	want := slices.Clone(f.Providers)
	if i < 0 {
		want = append([]Provider{p}, want...)
	} else {
		want[i] = p
	}
	if reflect.DeepEqual(want, f.Providers) {
		return f.content, nil
	}
	var after []byte
	switch {
	case isJSON(f.content):
		after = f.jsonWith(i, p)
	case i < 0:
		after = f.yamlInsert(p)
	default:
		after = f.yamlUpdate(i, p)
	}
	got, err := Parse(f.Path, after)
	if err != nil || !reflect.DeepEqual(got.Providers, want) || got.APIVersion != f.APIVersion {
		text, err := json.Marshal(p)
		if err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%s: the layout cannot be edited safely; add or replace this provider manually: %s", f.Path, text)
	}
	return after, nil
}
