package dockerconfig_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/cli/cli/config/configfile"
	"github.com/google/go-cmp/cmp"

	"ecrlogin/internal/dockerconfig"
)

// FuzzSetLogin checks that a password that is written to "auths" of any valid file is the one that Docker reads, that
// no other value changes, and that removing the entry restores the values of the file.
func FuzzSetLogin(f *testing.F) {
	for _, content := range []string{
		"", "{}", "{\n\t\"auths\": {\n\t\t\"ghcr.io\": {\n\t\t\t\"auth\": \"dTpw\"\n\t\t}\n\t},\n\t\"credsStore\": \"pass\"\n}", `{"auths":{"` + host + `":{}}}`,
		`{"auths":{"` + host + `":{"auth":"dTpw","identitytoken":"x","email":"e"}}}`, `{"AUTHS":null,"HttpHeaders":{"a":"b"}}`,
		`{"auths":{"a":{"Username":"u","Password":"p"}}}`, `{"auths":[]}`, "\ufeff{}", `{"auths":{"\u0031":{}}}`,
	} {
		f.Add([]byte(content), host, "password")
	}
	f.Add([]byte("{}"), "https://"+host+"/v2/\"\\", "a:b\"<>")
	path := filepath.Join(f.TempDir(), "config.json")
	f.Fuzz(func(t *testing.T, content []byte, key, password string) {
		if password == "" || key == "" || strings.ContainsRune(password, 0) || strings.ToValidUTF8(key, "") != key {
			return // ECR has no such passwords, and no host has such a key
		}
		file, err := dockerconfig.Parse(path, content)
		if err != nil {
			return
		}
		before := decode(t, content)
		file.SetLogin(key, "AWS", password)
		edited := file.Bytes()
		if read := configfile.New(path); read.LoadFromReader(bytes.NewReader(edited)) == nil {
			if got := read.AuthConfigs[key]; got.Username != "AWS" || got.Password != password || got.IdentityToken != "" {
				t.Fatalf("Docker reads user %q, password %q and identity token %q from %q", got.Username, got.Password, got.IdentityToken, edited)
			}
		} else if configfile.New(path).LoadFromReader(bytes.NewReader(content)) == nil {
			t.Fatalf("Docker reads %q, but not %q", content, edited)
		}
		if diff := cmp.Diff(withoutEntry(before, key), withoutEntry(decode(t, edited), key)); diff != "" {
			t.Fatalf("%q has other values after the edit:\n%s", content, diff)
		}
		if file, err = dockerconfig.Parse(path, edited); err != nil {
			t.Fatalf("%q became %q: %v", content, edited, err)
		}
		file.RemoveEntry(key)
		if diff := cmp.Diff(withoutEntry(before, key), withoutEntry(decode(t, file.Bytes()), key)); diff != "" {
			t.Fatalf("%q has other values in the end:\n%s", content, diff)
		}
	})
}

// withoutEntry removes the entry with a key from "auths", and "auths" if it is empty or null.
func withoutEntry(all map[string]any, key string) map[string]any {
	for name, v := range all {
		if !strings.EqualFold(name, "auths") {
			continue
		}
		entries, _ := v.(map[string]any)
		delete(entries, key)
		if len(entries) == 0 {
			delete(all, name)
		}
	}
	return all
}
