package registriesconf

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
)

// FuzzParse compares the list of helpers in any content with that of a complete TOML decoder, in a key of any case.
func FuzzParse(f *testing.F) {
	for _, content := range []string{
		"", "credential-helpers = [\"a\", 'b'] # c", "[a]\nb = 1", "credential-helpers = [", "\x00", "a.b.'c' = {d = 1}\n[[e]]",
		"\"credential-helpers\" = []", "[a]\ncredential-helpers = [\"b\"]", "credential-helpers = [\"\\u0061\\n\", \"\"\"b\"\"\", '''c''']",
		"credential-helpers = [\n\"a\", # x\n]\nunqualified-search-registries = [\"docker.io\"]\n[[registry]]\nlocation = \"x\"\n",
	} {
		f.Add([]byte(content))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		list, ok, err := parse("path", content)
		if (err != nil || !ok) && len(list) > 0 {
			t.Errorf("%q: got %q, %v, %v", content, list, ok, err)
		}
		var all map[string]any
		if toml.Unmarshal(content, &all) != nil {
			return // the decoder also checks what is not needed, such as dates
		}
		var want []any
		found, valid := 0, true
		for key, value := range all {
			if !strings.EqualFold(key, "credential-helpers") {
				continue
			}
			if hasTable(value) {
				return // a table is not a key, but the decoder accepts both
			}
			want, valid = value.([]any)
			found++
		}
		valid = valid && found < 2 && !slices.ContainsFunc(want, func(v any) bool { _, ok := v.(string); return !ok })
		if valid != (err == nil) || valid && (ok != (found == 1) || !slices.Equal(anys(list), want)) {
			t.Errorf("%q: got %q, %t, %v; the decoder has %q", content, list, ok, err, all)
		}
	})
}

// hasTable reports whether a decoded value is a table or a list with a table.
func hasTable(value any) bool {
	if list, ok := value.([]any); ok {
		return slices.ContainsFunc(list, hasTable)
	}
	_, ok := value.(map[string]any)
	return ok
}

func anys(list []string) (values []any) {
	for _, s := range list {
		values = append(values, s)
	}
	return values
}

// FuzzDropIn checks that the list in a drop-in file is the one that was written, for any names of helpers.
func FuzzDropIn(f *testing.F) {
	f.Add("containers-auth.json", "ecr-login")
	f.Add("", "\"\\\n\t\x00\x7f\x1b\a")
	f.Add("é\u0085\u2028\U0001f600", "a' = \"\"\"")
	f.Fuzz(func(t *testing.T, a, b string) {
		list := []string{a, b}
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			return // TOML has no such strings
		}
		content := DropIn(list)
		var decoded struct {
			Helpers []string `toml:"credential-helpers"`
		}
		err := toml.Unmarshal(content, &decoded)
		if got, ok, parseErr := parse("path", content); err != nil || parseErr != nil || !ok || !slices.Equal(got, list) || !slices.Equal(decoded.Helpers, list) {
			t.Errorf("%q became %q (%v, %v) and %q (%v)", list, got, ok, parseErr, decoded.Helpers, err)
		}
	})
}
