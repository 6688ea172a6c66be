package dockerconfig_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ecrlogin/internal/dockerconfig"
)

// FuzzEdit checks that adding a helper to any valid file changes no other value, and that removing the helper restores
// the bytes of the file or, if no other helper is left, its values.
func FuzzEdit(f *testing.F) {
	for _, content := range []string{
		"", " \n", "{}", "{ }", "{\n\n}\n", `{"a":1}`, `{"a": 1, "a": 2}`, "{\n\t\"auths\": {},\n\t\"credHelpers\": {\n\t\t\"a\": \"b\"\n\t}\n}",
		"{\r\n  \"x\": [1e9, {\"y\": \"\\ud800\"}]\r\n ,\"z\" :null}", `{"credHelpers":{}}`, `{"CredHelpers":null}`, `{"credHelpers":{"a":"b"} }`, "{\"\xff\":\"\xff\"}",
	} {
		f.Add([]byte(content))
	}
	path := filepath.Join(f.TempDir(), "config.json")
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := dockerconfig.Open(path)
		if err != nil {
			if len(bytes.TrimSpace(content)) == 0 {
				t.Fatal(err)
			}
			return
		}
		if _, ok := f.CredHelpers()[host]; ok {
			return
		}
		before := decode(t, content)
		f.SetCredHelper(host, "ecr-login")
		if err := f.Save(); err != nil {
			t.Fatal(err)
		}
		after := decode(t, read(t, path))
		helpers := helpersOf(after)
		if helpers[host] != "ecr-login" {
			t.Fatalf("no helper in %q", read(t, path))
		}
		delete(helpers, host)
		dropEmpty(after)
		inverse := !dropEmpty(before) && len(before) > 0 // otherwise a part of the layout is lost
		if diff := cmp.Diff(before, after); diff != "" {
			t.Fatalf("%q has other values after the edit:\n%s", content, diff)
		}
		if f, err = dockerconfig.Open(path); err != nil {
			t.Fatal(err)
		}
		f.RemoveCredHelper(host)
		if err := f.Save(); err != nil {
			t.Fatal(err)
		}
		got := read(t, path)
		if diff := cmp.Diff(before, decode(t, got)); diff != "" {
			t.Fatalf("%q has other values in the end:\n%s", content, diff)
		}
		if inverse && !bytes.Equal(got, content) {
			t.Errorf("%q became %q", content, got)
		}
	})
}

func read(t *testing.T, path string) []byte {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// decode returns the values of a file, with numbers as they are written.
func decode(t *testing.T, content []byte) map[string]any {
	all := map[string]any{}
	if len(bytes.TrimSpace(content)) == 0 {
		return all
	}
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.UseNumber()
	if err := dec.Decode(&all); err != nil {
		t.Fatalf("%q: %v", content, err)
	}
	return all
}

// helpersOf returns credHelpers, in any letter case.
func helpersOf(all map[string]any) map[string]any {
	for key, v := range all {
		if strings.EqualFold(key, "credHelpers") {
			helpers, _ := v.(map[string]any)
			return helpers
		}
	}
	return nil
}

// dropEmpty removes an empty credHelpers, and reports whether there was one.
func dropEmpty(all map[string]any) bool {
	n := len(all)
	maps.DeleteFunc(all, func(key string, v any) bool {
		helpers, _ := v.(map[string]any)
		return strings.EqualFold(key, "credHelpers") && len(helpers) == 0
	})
	return len(all) < n
}
