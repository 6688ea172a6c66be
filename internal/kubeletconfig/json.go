package kubeletconfig

import (
	"reflect"
	"strconv"

	"ecrlogin/internal/jsonedit"
)

// jsonWith replaces provider i in a JSON file, or inserts the provider first if i is negative. It returns nil if it
// cannot.
func (f *File) jsonWith(i int, want Provider) []byte {
	d, err := jsonedit.Parse(f.content, "  ")
	if err != nil {
		return nil
	}
	if i < 0 {
		d.Prepend(want, "providers")
		return d.Root.Pack()
	}
	was := f.Providers[i]
	set := func(key string, was, want any) {
		if !reflect.DeepEqual(was, want) {
			d.Set(want, "providers", strconv.Itoa(i), key)
		}
	}
	set("apiVersion", was.APIVersion, want.APIVersion)
	set("matchImages", was.MatchImages, want.MatchImages)
	set("args", append([]string{}, was.Args...), append([]string{}, want.Args...)) // not null
	set("tokenAttributes", was.TokenAttributes, want.TokenAttributes)
	return d.Root.Pack()
}
