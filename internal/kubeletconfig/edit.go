package kubeletconfig

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
)

// New returns the text of a new file with one provider, in YAML or in JSON.
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
		panic(err) // strings can always be encoded
	}
	return append(text, '\n')
}

// With returns the file's text with a provider added. It replaces the provider of that name or, if there is none,
// inserts the new one first, so that kubelet tries its passwords first. It returns an error if the layout of the file
// cannot be edited without losing content. The error contains the provider to add manually.
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
