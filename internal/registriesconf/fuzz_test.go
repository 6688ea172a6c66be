package registriesconf

import "testing"

// FuzzParse checks that no content makes the parser panic.
func FuzzParse(f *testing.F) {
	for _, content := range []string{"", "credential-helpers = [\"a\", 'b'] # c", "[a]\nb = 1", "credential-helpers = [", "\x00", "a.b.'c' = {d = 1}\n[[e]]"} {
		f.Add([]byte(content))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if list, ok, err := parse("path", content); (err != nil || !ok) && len(list) > 0 {
			t.Errorf("got %q, %v, %v", list, ok, err)
		}
	})
}
