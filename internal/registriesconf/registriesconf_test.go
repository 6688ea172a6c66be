package registriesconf_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"ecrlogin/internal/registriesconf"
)

func TestHelpers(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	missing := filepath.Join(dir, "missing")
	none := file("none", "unqualified-search-registries = ['docker.io']\n# credential-helpers = ['a']\n[aliases]\ncredential-helpers = ['a']\n")
	one := file("one", "'credential-helpers' = [\n  \"a\", # \"b\"\n  '''c\"''' ]")
	empty := file("empty", "credential-helpers = []")
	capital := file("capital", "Credential-Helpers = ['a']")
	for _, tt := range []struct {
		files []string
		list  []string
		path  string
	}{
		{nil, []string{registriesconf.AuthFiles}, ""},
		{[]string{missing, none}, []string{registriesconf.AuthFiles}, ""},
		{[]string{one, none, missing}, []string{"a", `c"`}, one},
		{[]string{one, empty}, nil, empty},
		{[]string{empty, one}, []string{"a", `c"`}, one},
		{[]string{one, capital}, []string{"a"}, capital},
	} {
		list, path, err := registriesconf.Helpers(tt.files)
		if err != nil || path != tt.path || !slices.Equal(list, tt.list) {
			t.Errorf("%s: got %q from %q, %v", tt.files, list, path, err)
		}
	}
	for content, want := range map[string]string{
		"\ncredential-helpers = [":                     ":2: invalid TOML: array is incomplete; correct this line",
		"credential-helpers = 'pass'":                  ":1: credential-helpers must be a list of names; correct this line",
		"\n\ncredential-helpers = ['pass', 1]":         ":3: credential-helpers must be a list of names; correct this line",
		"credential-helpers.a = ['pass']":              ":1: credential-helpers must be a list of names; correct this line",
		"credential-helpers=[]\ncredential-helpers=[]": ":2: duplicate key credential-helpers; correct this line",
		"Credential-helpers=[]\ncredential-helpers=[]": ":2: duplicate key credential-helpers; correct this line",
		"a = 1\n[b]\n= 2":                              ":3: invalid TOML: invalid character at start of key: U+003D '='; correct this line",
	} {
		path := file("invalid", content)
		if _, _, err := registriesconf.Helpers([]string{path}); err == nil || err.Error() != path+want {
			t.Errorf("%q: got  %v\nwant %s", content, err, path+want)
		}
	}
}

func TestDropIn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "drop-in.conf")
	want := []string{"ecr-login", `a"b`, registriesconf.AuthFiles}
	if err := os.WriteFile(path, registriesconf.DropIn(want), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, _, err := registriesconf.Helpers([]string{path}); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
}
