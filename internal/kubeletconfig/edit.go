package kubeletconfig

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/jsonedit"
	"ecrlogin/internal/yamledit"
)

// newFile returns the text of a new file with one provider, in YAML or in JSON.
func newFile(p Provider, inJSON bool) []byte {
	file := struct {
		APIVersion string     `json:"apiVersion"`
		Kind       string     `json:"kind"`
		Providers  []Provider `json:"providers"`
	}{version, kind, []Provider{p}}
	if !inJSON {
		return yamledit.Encode(file)
	}
	text, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		panic(err) // strings can always be encoded
	}
	return append(text, '\n')
}

// With returns the file with a provider added. It replaces the provider of that name or, if there is none, inserts the
// new one first, so that the kubelet tries its passwords first. It returns an error if the layout of the file cannot be
// edited without losing content. The error contains the provider to add manually.
func (f *File) With(p Provider) (*File, error) {
	i := f.index(p.Name)
	want := slices.Clone(f.Providers)
	if i < 0 {
		want = append([]Provider{p}, want...)
	} else {
		want[i] = p
	}
	if reflect.DeepEqual(want, f.Providers) {
		return f, nil
	}
	content, err := f.edited(i, p)
	if err != nil {
		return nil, err // cannot happen: f was parsed
	}
	after, err := parse(f.Path, content)
	if err != nil || !reflect.DeepEqual(after.Providers, want) || f.APIVersion != "" && after.APIVersion != f.APIVersion {
		p.Env = slices.Clone(p.Env)
		for i := range p.Env {
			p.Env[i].Value = hidden
		}
		text, err := json.Marshal(p)
		if err != nil {
			return nil, err
		}
		return nil, advice.Errorf("%s: the layout cannot be edited safely", f.Path).
			Then("add or replace this provider manually: %s", text)
	}
	return after, nil
}

// edited returns the text with provider i replaced or, if i is negative, with the provider inserted first. It changes
// nothing in places whose layout it does not support.
func (f *File) edited(i int, want Provider) ([]byte, error) {
	var doc interface {
		Set(value any, path ...string)
		Prepend(item any, name string)
		Bytes() []byte
	}
	var err error
	switch {
	case f.isEmpty():
		return newFile(want, filepath.Ext(f.Path) == ".json"), nil
	case isJSON(f.Content):
		doc, err = jsonedit.Parse(f.Content, "  ")
	default:
		doc, err = yamledit.Parse(f.Content)
	}
	if err != nil {
		return nil, err
	}
	if i < 0 {
		doc.Prepend(want, "providers")
		return doc.Bytes(), nil
	}
	set := func(key string, was, want any) {
		if !reflect.DeepEqual(was, want) {
			doc.Set(want, "providers", strconv.Itoa(i), key)
		}
	}
	was := f.Providers[i]
	set("apiVersion", was.APIVersion, want.APIVersion)
	set("matchImages", was.MatchImages, want.MatchImages)
	set("args", append([]string{}, was.Args...), append([]string{}, want.Args...)) // not null
	set("tokenAttributes", was.TokenAttributes, want.TokenAttributes)
	return doc.Bytes(), nil
}
