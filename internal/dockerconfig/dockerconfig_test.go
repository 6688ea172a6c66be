package dockerconfig_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ecrlogin/internal/dockerconfig"
	"ecrlogin/internal/environ"
)

const host = "123456789012.dkr.ecr.us-west-2.amazonaws.com"

// file writes a config.json and returns its path.
func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, path string) *dockerconfig.File {
	t.Helper()
	f, err := dockerconfig.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestPath(t *testing.T) {
	for _, tt := range []struct{ dir, want string }{{"", "/home/u/.docker/config.json"}, {"/elsewhere", "/elsewhere/config.json"}} {
		env := environ.Env{"HOME=/home/u", "USERPROFILE=/home/u", "DOCKER_CONFIG=" + tt.dir}
		if got, err := dockerconfig.Path(env); err != nil || got != filepath.FromSlash(tt.want) {
			t.Errorf("with DOCKER_CONFIG=%q: %s, %v; want %s", tt.dir, got, err, tt.want)
		}
	}
}

func TestEdit(t *testing.T) {
	set := func(f *dockerconfig.File) { f.SetCredHelper("h.example.com", "ecr-login") }
	removeAll := func(f *dockerconfig.File) {
		for host := range f.CredHelpers() {
			f.RemoveCredHelper(host)
		}
	}
	tests := []struct {
		name, before string
		edit         func(*dockerconfig.File)
		after        string
	}{
		{"nothing", "", func(*dockerconfig.File) {}, ""},
		{"an empty file", " \n", set, "{\n\t\"credHelpers\": {\n\t\t\"h.example.com\": \"ecr-login\"\n\t}\n}\n"},
		{"an empty object", "{}", set, "{\n\t\"credHelpers\": {\n\t\t\"h.example.com\": \"ecr-login\"\n\t}\n}"},
		{"tabs, as Docker writes", "{\n\t\"auths\": {},\n\t\"credHelpers\": {\n\t\t\"a\": \"b\"\n\t}\n}", set,
			"{\n\t\"auths\": {},\n\t\"credHelpers\": {\n\t\t\"a\": \"b\",\n\t\t\"h.example.com\": \"ecr-login\"\n\t}\n}"},
		{"2 spaces, unknown keys, big numbers and escapes", "{\n  \"x\": [1e999, 123456789012345678901234567890, \"\\u003c\\/\"],\n  \"x\": null\n}\n", set,
			"{\n  \"x\": [1e999, 123456789012345678901234567890, \"\\u003c\\/\"],\n  \"x\": null,\n  \"credHelpers\": {\n    \"h.example.com\": \"ecr-login\"\n  }\n}\n"},
		{"4 spaces and CRLF", "{\r\n    \"a\": 1\r\n}\r\n", set, "{\r\n    \"a\": 1,\r\n    \"credHelpers\": {\r\n        \"h.example.com\": \"ecr-login\"\r\n    }\r\n}\r\n"},
		{"one line", `{"a": 1}`, set, `{"a": 1, "credHelpers": {"h.example.com": "ecr-login"}}`},
		{"one line without spaces", `{"a":1}`, set, `{"a":1,"credHelpers":{"h.example.com":"ecr-login"}}`},
		{"a line within lines", "{\n  \"credHelpers\": {\"a\": \"b\"}\n}", set, "{\n  \"credHelpers\": {\"a\": \"b\", \"h.example.com\": \"ecr-login\"}\n}"},
		{"an empty credHelpers", "{\n\t\"credHelpers\": {}\n}", set, "{\n\t\"credHelpers\": {\n\t\t\"h.example.com\": \"ecr-login\"\n\t}\n}"},
		{"null", `{"credHelpers":null}`, set, `{"credHelpers":{"h.example.com":"ecr-login"}}`},
		{"another letter case, which Docker reads too", `{"CREDHELPERS":{"a":"b"}}`, set, `{"CREDHELPERS":{"a":"b","h.example.com":"ecr-login"}}`},
		{"another helper before", `{"credHelpers":{"h.example.com" : "other" }}`, set, `{"credHelpers":{"h.example.com" : "ecr-login" }}`},
		{"the same in other letters", `{"credHelpers":{"h.ex\u0061mple.com":"ecr\u002dlogin"}}`, set, `{"credHelpers":{"h.ex\u0061mple.com":"ecr\u002dlogin"}}`},
		{"the first removed", `{ "credHelpers": {"a": "x", "b": "y", "c": "z"} }`, func(f *dockerconfig.File) { f.RemoveCredHelper("a") }, `{ "credHelpers": {"b": "y", "c": "z"} }`},
		{"the last removed", "{\n  \"credHelpers\": {\n    \"a\": \"x\" ,\n    \"b\": \"y\"\n  }\n}", func(f *dockerconfig.File) { f.RemoveCredHelper("b") }, "{\n  \"credHelpers\": {\n    \"a\": \"x\"\n  }\n}"},
		{"all removed", `{"a": 1, "credHelpers": {"a": "x", "b": "y"}}`, removeAll, `{"a": 1}`},
		{"none removed", `{"credHelpers": {}}`, func(f *dockerconfig.File) { f.RemoveCredHelper("a"); f.RemoveEntry("b") }, `{"credHelpers": {}}`},
		{"a store", "{\n\t\"auths\": {}\n}", func(f *dockerconfig.File) { f.SetCredsStore("ecr-login") }, "{\n\t\"auths\": {},\n\t\"credsStore\": \"ecr-login\"\n}"},
		{"another store", `{"credsStore":"pass", "a":1}`, func(f *dockerconfig.File) { f.SetCredsStore("ecr-login") }, `{"credsStore":"ecr-login", "a":1}`},
		{"no password", `{"auths":{"a":{"auth":"eDp5"},"b":{}}}`, func(f *dockerconfig.File) { f.RemoveEntry("a") }, `{"auths":{"b":{}}}`},
		{"no passwords", `{"auths":{"a":{"auth":"eDp5"}},"x":1}`, func(f *dockerconfig.File) { f.RemoveEntry("a") }, `{"x":1}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := file(t, tt.before)
			f := open(t, path)
			tt.edit(f)
			if changes := f.Diff() != ""; changes != (tt.before != tt.after) {
				t.Errorf("diff: %q", f.Diff())
			}
			if err := f.Save(); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(path)
			if diff := cmp.Diff(tt.after, string(got)); err != nil || diff != "" {
				t.Errorf("%v, want -, got +:\n%s", err, diff)
			}
		})
	}
}

// TestEditWithoutAFile checks that a missing file is created only for a change.
func TestEditWithoutAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "docker", "config.json")
	f := open(t, path)
	if err := f.Save(); err != nil || f.Bytes() != nil || f.Diff() != "" {
		t.Errorf("saving nothing: %v, %q", err, f.Diff())
	}
	if _, err := os.Lstat(filepath.Dir(path)); err == nil {
		t.Error("the directory was created")
	}
	f.SetCredHelper(host, "ecr-login")
	want := "{\n\t\"credHelpers\": {\n\t\t\"" + host + "\": \"ecr-login\"\n\t}\n}\n"
	if got := f.Diff(); !strings.HasPrefix(got, "--- "+os.DevNull+"\n+++ "+path+"\n") {
		t.Errorf("diff: %q", got)
	}
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); string(got) != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

// TestOpenRefuses checks that each error contains the position, and no text that may be a password.
func TestOpenRefuses(t *testing.T) {
	const secret = "hunter2"
	tests := []struct{ name, content, want string }{
		{"half a file", "{\n\t\"auths\": {", "2:12: invalid JSON: unexpected end of JSON input; correct this line"},
		{"invalid JSON", "{\n\t\"a\": hunter2\n}", "2:7: invalid JSON: invalid character 'h' looking for beginning of value; correct this line"},
		{"two values", "{}\n{}", "2:1: invalid JSON: invalid character '{' after top-level value; correct this line"},
		{"a comment", "{\n  // hunter2\n  \"a\": 1\n}", "2:3: comment or trailing comma, which Docker and Podman do not support; remove it"},
		{"a trailing comma", "{\n  \"a\": 1,\n}", "3:1: comment or trailing comma, which Docker and Podman do not support; remove it"},
		{"a byte order mark", "\ufeff{}", "1:1: byte order mark, which Docker and Podman do not support; save the file as UTF-8 without it"},
		{"another encoding", "\xff\xfe{\x00}\x00", "1:1: invalid JSON: invalid character 'ÿ' looking for beginning of value; correct this line"},
		{"an array", "\n []", "2:2: must be a JSON object; correct the file"},
		{"null", "null", "1:1: must be a JSON object; correct the file"},
		{"credHelpers of another type", `{"credHelpers": ["hunter2"]}`, `1:17: "credHelpers" must be an object, {"HOST": "NAME of docker-credential-NAME"}; correct this line`},
		{"a helper of another type", "{\"credHelpers\": {\n\t\"a\": [1]}}", `2:7: a member of "credHelpers" must be a string, the NAME of docker-credential-NAME; correct this line`},
		{"credsStore of another type", `{"credsstore": 1}`, `1:16: "credsStore" must be a string, the NAME of docker-credential-NAME; correct this line`},
		{"auths of another type", `{"auths": "hunter2"}`, `1:11: "auths" must be an object, {"HOST": {"auth": …}}; correct this line`},
		{"an entry of another type", `{"auths": {"a": "hunter2"}}`, `1:17: a member of "auths" must be an object, {"auth": …}; correct this line`},
		{"a password of another type", `{"auths": {"a": {"Auth": ["hunter2"]}}}`, `1:26: a value in "auths" must be a string; correct this line`},
		{"a duplicate key", "{\"auths\": {},\n \"Auths\": {}}", `2:2: duplicate key "auths"; merge both into one`},
		{"a duplicate host", `{"credHelpers": {"a": "x", "\u0061": "y"}}`, "1:28: duplicate key; remove one"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := file(t, tt.content)
			_, err := dockerconfig.Open(path)
			if want := path + ":" + tt.want; err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Error("the error contains a password")
			}
		})
	}
}

func TestReading(t *testing.T) {
	f := open(t, file(t, `{
		"auths": {
			"a.example.com": {"auth": "eDp5"},
			"https://b.example.com:5000/v1/": {"identitytoken": "x"},
			"c.example.com/team": {"registrytoken": "x", "email": ""},
			"http://d.example.com": {"username": "u", "password": "p"},
			"e.example.com": {},
			"f.example.com": null,
			"g.example.com": {"auth": "", "username": "u", "email": "u@example.com"}
		},
		"credHelpers": {"a": "x", "b": ""},
		"credsStore": "pass"
	}`))
	wantEntries := []dockerconfig.Entry{
		{Key: "a.example.com", Host: "a.example.com", Secret: true},
		{Key: "https://b.example.com:5000/v1/", Host: "b.example.com:5000", Secret: true},
		{Key: "c.example.com/team", Host: "c.example.com", Secret: true},
		{Key: "http://d.example.com", Host: "d.example.com", Secret: true},
		{Key: "e.example.com", Host: "e.example.com"},
		{Key: "f.example.com", Host: "f.example.com"},
		{Key: "g.example.com", Host: "g.example.com"},
	}
	if diff := cmp.Diff(wantEntries, f.Entries()); diff != "" {
		t.Errorf("entries, want -, got +:\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"a": "x", "b": ""}, f.CredHelpers()); diff != "" {
		t.Errorf("credHelpers, want -, got +:\n%s", diff)
	}
	if got := f.CredsStore(); got != "pass" {
		t.Errorf("credsStore %q", got)
	}
	none := open(t, file(t, `{"auths": null, "credHelpers": null, "credsStore": null}`))
	if len(none.Entries()) != 0 || len(none.CredHelpers()) != 0 || none.CredsStore() != "" {
		t.Errorf("of null: %v, %v, %q", none.Entries(), none.CredHelpers(), none.CredsStore())
	}
}

// TestDiffMasks checks that neither changed lines nor the lines around them contain a password. A plugin may store one
// under any key.
func TestDiffMasks(t *testing.T) {
	f := open(t, file(t, `{
	"auths": {"a": {"auth": "hunter2"}, "b": {"identitytoken": "hunter2", "email": "hunter2"}, "c": {"Password": "hunter2"}, "https://u:hunter2@d": {}, "u:hun/ter2@e": {"x": [["hunter2"]]}},
	"HttpHeaders": {"X-Meta": ["hunter2"]},
	"plugins": {"x": {"apiToken": "hunter2", "plain": "hunter2", "enabled": true, "retries": 3, "none": null, "empty": ""}},
	"password": "hunter2", "detachKeys": "hunter2",
	"https://u:hunter2@f": "hunter2",
	"unknown": [{"hunter": "hunter2"}, "hunter2", 1],
	"proxies": {"default": {"httpProxy": "http://u:hunter2@proxy:3128", "noProxy": "hunter2"}},
	"credsStore": "pass",
	"credHelpers": {"token.example.com": "shown", "https://u:hunter2@g": "old"}
}`))
	f.RemoveEntry("a")
	f.SetCredHelper("auth.example.com", "ecr-login")
	f.SetCredsStore("osxkeychain")
	got := f.Diff()
	if text := got + f.String(); strings.Contains(text, "hunter2") || strings.Contains(text, "ter2") {
		t.Errorf("the diff contains a password:\n%s", got)
	}
	for _, want := range []string{
		`"a": {"auth": "(hidden)"}`, `"email": "(hidden)"`, `"…@d": {}`, `"…@e": {"x": [["(hidden)"]]}`, `"X-Meta": ["(hidden)"]`,
		`"x": {"apiToken": "(hidden)", "plain": "(hidden)", "enabled": true, "retries": 3, "none": null, "empty": ""}`,
		`"detachKeys": "(hidden)"`, `"…@f": "(hidden)"`, `"unknown": [{"hunter": "(hidden)"}, "(hidden)", 1]`, `"noProxy": "(hidden)"`,
		`-	"credsStore": "pass"`, `+	"credsStore": "osxkeychain"`, `"token.example.com": "shown"`, `"…@g": "old"`, `"auth.example.com": "ecr-login"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in the diff:\n%s", want, got)
		}
	}
}

// TestSaveAfterAnotherEdit checks that an edit of another process between reading and saving is not lost.
func TestSaveAfterAnotherEdit(t *testing.T) {
	path := file(t, "{}")
	f := open(t, path)
	f.SetCredHelper(host, "ecr-login")
	if err := os.WriteFile(path, []byte(`{"theirs":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	err := f.Save()
	if want := path + ": changed by another program after it was read, so nothing was written; run the command again"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if got, _ := os.ReadFile(path); string(got) != `{"theirs":1}` {
		t.Errorf("the file contains %q", got)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("the directory contains %v", entries)
	}
}

func TestHelperOf(t *testing.T) {
	for content, want := range map[string][2]string{
		`{}`:                  {},
		`{"credsStore": "s"}`: {"s", "credsStore"},
		`{"CREDSSTORE": "s"}`: {"s", "credsStore"},
		`{"credHelpers": {"a": "h"}, "credsStore": "s"}`: {"h", "credHelpers"},
		`{"credHelpers": {"a": ""}, "credsStore": "s"}`:  {},
		`{"credHelpers": {"b": "h"}, "credsStore": "s"}`: {"s", "credsStore"},
	} {
		f, err := dockerconfig.Parse("config.json", []byte(content))
		if err != nil {
			t.Fatal(err)
		}
		if name, key := f.HelperOf("a"); name != want[0] || key != want[1] {
			t.Errorf("%s: %q of %q, want %q", content, name, key, want)
		}
	}
}

// TestSetLogin checks that members of an entry that contain no credential are preserved.
func TestSetLogin(t *testing.T) {
	for content, want := range map[string]string{
		`{}`: "{\n\t\"auths\": {\n\t\t\"a\": {\n\t\t\t\"auth\": \"dTpw\"\n\t\t}\n\t}\n}",
		`{"auths":{"a":{"identitytoken":"t","username":"x","email":"e"}}}`: `{"auths":{"a":{"email":"e","auth":"dTpw"}}}`,
		`{"auths":{"a":{"AUTH":"t"},"b":{}}}`:                              `{"auths":{"a":{"auth":"dTpw"},"b":{}}}`,
	} {
		f, err := dockerconfig.Parse("config.json", []byte(content))
		if err != nil {
			t.Fatal(err)
		}
		f.SetLogin("a", "u", "p")
		if got := string(f.Bytes()); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
