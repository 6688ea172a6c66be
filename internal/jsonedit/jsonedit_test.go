package jsonedit_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"ecrlogin/internal/jsonedit"
)

func parse(t *testing.T, content string) *jsonedit.Document {
	t.Helper()
	d, err := jsonedit.Parse([]byte(content), "\t")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSet(t *testing.T) {
	value := map[string]any{"a": []int{1, 2}, "b": map[string]string{}, "c": []string{}}
	for _, tt := range []struct {
		name, before string
		path         []string
		after        string
	}{
		{"an empty object", "{}", []string{"x"}, "{\n\t\"x\": {\n\t\t\"a\": [\n\t\t\t1,\n\t\t\t2\n\t\t],\n\t\t\"b\": {},\n\t\t\"c\": []\n\t}\n}"},
		{"one line", `{"y": 1}`, []string{"x"}, `{"y": 1, "x": {"a": [1, 2], "b": {}, "c": []}}`},
		{"one line without spaces", `{"y":1}`, []string{"x"}, `{"y":1,"x":{"a":[1,2],"b":{},"c":[]}}`},
		{"CRLF", "{\r\n \"y\":1\r\n}\r\n", []string{"x"}, "{\r\n \"y\":1,\r\n \"x\":{\r\n  \"a\":[\r\n   1,\r\n   2\r\n  ],\r\n  \"b\":{},\r\n  \"c\":[]\r\n }\r\n}\r\n"},
		{"names with slashes and tildes", `{"a/b~1":{"c":1}}`, []string{"a/b~1", "c"}, `{"a/b~1":{"c":{"a":[1,2],"b":{},"c":[]}}}`},
		{"missing objects", `{"y":1}`, []string{"x", "z"}, `{"y":1,"x":{"z":{"a":[1,2],"b":{},"c":[]}}}`},
		{"null", `{"x":null}`, []string{"x", "z"}, `{"x":{"z":{"a":[1,2],"b":{},"c":[]}}}`},
		{"an element", `{"x":[{},{"z":1}]}`, []string{"x", "1", "z"}, `{"x":[{},{"z":{"a":[1,2],"b":{},"c":[]}}]}`},
	} {
		d := parse(t, tt.before)
		if d.Set(value, tt.path...); d.Root.String() != tt.after {
			t.Errorf("%s: got  %q\nwant %q", tt.name, d.Root.String(), tt.after)
		}
	}
}

func TestPrepend(t *testing.T) {
	for before, after := range map[string]string{
		`{"y":1}`:             `{"y":1,"x":[0]}`,
		`{"x":[]}`:            `{"x":[0]}`,
		`{"x":null}`:          `{"x":[0]}`,
		`{"x": [1]}`:          `{"x": [0, 1]}`,
		`{"x": [ 1, 2]}`:      `{"x": [ 0, 1, 2]}`,
		"{\n \"x\": [\n  1]}": "{\n \"x\": [\n  0,\n  1]}",
	} {
		d := parse(t, before)
		if d.Prepend(0, "x"); d.Root.String() != after {
			t.Errorf("%q: got  %q\nwant %q", before, d.Root.String(), after)
		}
	}
}

func TestPosition(t *testing.T) {
	for offset, want := range map[int][2]int{-1: {1, 1}, 0: {1, 1}, 2: {1, 3}, 3: {2, 1}, 4: {2, 2}, 9: {2, 2}} {
		if line, column := jsonedit.Position([]byte("ab\nc"), offset); line != want[0] || column != want[1] {
			t.Errorf("%d: got %d:%d, want %d:%d", offset, line, column, want[0], want[1])
		}
	}
}

// FuzzSet checks that Set and Remove change only their member, and that the bytes are the same after both.
func FuzzSet(f *testing.F) {
	for _, content := range []string{"{}", "{ }", `{"a":1}`, `{"a": 1, "a": 2}`, "{\r\n  \"x\": [1e9, {\"y\": \"\\ud800\"}]\r\n ,\"z\" :null}", "{\n\t\"m\": {\"a\":1}, \"b\": [] }"} {
		f.Add([]byte(content), "m")
	}
	f.Fuzz(func(t *testing.T, content []byte, name string) {
		var before, after map[string]any
		quoted, err := json.Marshal(name)
		if err != nil || json.Unmarshal(quoted, &name) != nil { // replaces invalid UTF-8
			t.Fatal(err)
		}
		if json.Unmarshal(content, &before) != nil || before == nil {
			return
		}
		d, err := jsonedit.Parse(content, "  ")
		if err != nil || d.Find(name) != nil {
			return
		}
		value := []any{"x", map[string]any{"y": true}}
		d.Set(value, name)
		if err := json.Unmarshal(d.Bytes(), &after); err != nil {
			t.Fatalf("%q is invalid: %v", d.Bytes(), err)
		}
		before[name] = value
		if !reflect.DeepEqual(before, after) {
			t.Fatalf("%q became %q", content, d.Bytes())
		}
		if d.Remove(name); len(before) > 1 && d.Root.String() != string(content) {
			t.Errorf("%q became %q after Remove", content, d.Bytes())
		}
	})
}
