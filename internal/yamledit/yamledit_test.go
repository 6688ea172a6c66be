package yamledit_test

import (
	"testing"

	"ecrlogin/internal/yamledit"
)

func TestSet(t *testing.T) {
	for _, tt := range []struct {
		name, before string
		path         []string
		value        any
		after        string
	}{
		{"an empty file", "", []string{"a"}, "b", "a: b\n"},
		{"a comment without a line end", "# c", []string{"a"}, "b", "# c\na: b\n"},
		{"CRLF", "x: 1\r\n", []string{"a"}, []string{"b"}, "x: 1\r\na:\r\n  - b\r\n"},
		{"a scalar", "a: 'x y'  # c\nz: 1", []string{"a"}, "true", "a: \"true\"  # c\nz: 1"},
		{"a scalar with escapes", "a: \"x\\ty\"\n", []string{"a"}, "b", "a: b\n"},
		{"a scalar in several lines", "a: x\n  y\n", []string{"a"}, "b", "a: x\n  y\n"},
		{"null", "a:\nz: 1\n", []string{"a"}, "b", "a: b\nz: 1\n"},
		{"a flow mapping", "{a: b}\n", []string{"a"}, "c", "{a: b}\n"},
		{"an item", "l:\n- x: 1 # c\n  y: 2\n", []string{"l", "0", "z"}, true, "l:\n- x: 1 # c\n  z: true\n  y: 2\n"},
		{"the first key of an item", "l:\n  - x: [1]\n    y: 2\n", []string{"l", "0", "x"}, []int{3}, "l:\n  - x:\n      - 3\n    y: 2\n"},
		{"a list with comments", "l:\n  - a # A\n  # B\n  - b\n", []string{"l"}, []string{"a", "c"}, "l:\n  - a # A\n  # B\n  - c\n"},
		{"a list in another order", "l:\n  - a\n  - b\n", []string{"l"}, []string{"b", "a"}, "l:\n  - b\n  - a\n"},
		{"a comment that would be lost", "l:\n  - a # A\n  - b\n", []string{"l"}, []string{"b", "a"}, "l:\n  - a # A\n  - b\n"},
		{"an empty list", "l:\n  - a\nz: 1\n", []string{"l"}, []string{}, "l: []\nz: 1\n"},
		{"a mapping of mappings", "m: # M\n  # A\n  a:\n    b: 1\n", []string{"m", "c"}, map[string]string{"d": "e"}, "m: # M\n  c:\n    d: e\n  # A\n  a:\n    b: 1\n"},
		{"a mapping of nulls", "m:\n  a:\nz: 1\n", []string{"m", "c"}, []string{"d"}, "m:\n  c:\n    - d\n  a:\nz: 1\n"},
		{"a mapping in its first line", "l:\n  - m:\n      - a\n", []string{"l", "0", "c"}, "d", "l:\n  - m:\n      - a\n"},
		{"a missing item", "l:\n  - a: 1\n", []string{"l", "1", "a"}, "b", "l:\n  - a: 1\n"},
	} {
		d, err := yamledit.Parse([]byte(tt.before))
		if err != nil {
			t.Fatal(err)
		}
		if d.Set(tt.value, tt.path...); string(d.Bytes()) != tt.after {
			t.Errorf("%s: got  %q\nwant %q", tt.name, d.Bytes(), tt.after)
		}
	}
}

func TestPrepend(t *testing.T) {
	for before, after := range map[string]string{
		"":                           "l:\n  - b\n",
		"x: 1":                       "x: 1\nl:\n  - b\n",
		"l:\nx: 1\n":                 "l:\n  - b\nx: 1\n",
		"l:  # c\n":                  "l:  # c\n  - b\n",
		"l: []\n":                    "l:\n  - b\n",
		"l: [] # c\r\nx: 1\r\n":      "l:\r\n  - b\r\nx: 1\r\n",
		"l: null # c: d\n":           "l:\n  - b\n",
		"l:\n# c\n- a\n":             "l:\n- b\n# c\n- a\n",
		"l: # d\n    # c\n    - a\n": "l: # d\n    - b\n    # c\n    - a\n",
	} {
		d, err := yamledit.Parse([]byte(before))
		if err != nil {
			t.Fatal(err)
		}
		if d.Prepend("b", "l"); string(d.Bytes()) != after {
			t.Errorf("%q: got  %q\nwant %q", before, d.Bytes(), after)
		}
	}
}

func TestEncode(t *testing.T) {
	value := struct {
		Name  string           `json:"name"`
		Items []map[string]any `json:"items"`
		None  []string         `json:"none"`
		Map   map[string]int   `json:"map"`
	}{"0s", []map[string]any{{"a": []string{"x", "--y=z"}, "b": true}, {"c": nil}}, []string{}, map[string]int{}}
	want := "name: \"0s\"\nitems:\n  - a:\n      - x\n      - \"--y=z\"\n    b: true\n  - c: null\nnone: []\nmap: {}\n"
	if got := string(yamledit.Encode(value)); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// FuzzSet checks that no edit panics, and that a file without edits is unchanged.
func FuzzSet(f *testing.F) {
	for _, text := range []string{"", "# c", "a: 1\r\nb:\r\n- x: é\r\n", "a:\n  - b: |\n      x\n    c: 'd'\n", "\"a\": {b: c}\n...\n", "- a", "? b"} {
		f.Add([]byte(text), "value")
	}
	f.Fuzz(func(t *testing.T, content []byte, value string) {
		for _, edit := range []func(*yamledit.Document){
			func(d *yamledit.Document) { d.Set(value, "new") },
			func(d *yamledit.Document) { d.Set([]string{value}, "a") },
			func(d *yamledit.Document) { d.Set(value, "a", "0", "b") },
			func(d *yamledit.Document) { d.Prepend(value, "b") },
		} {
			d, err := yamledit.Parse(content)
			if err != nil {
				return
			}
			edit(d)
			after, err := yamledit.Parse(d.Bytes())
			if err != nil {
				continue // callers reject it
			}
			if text := after.Bytes(); string(text) != string(d.Bytes()) {
				t.Errorf("%q is not returned unchanged: %q", d.Bytes(), text)
			}
		}
	})
}
