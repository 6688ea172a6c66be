package leaktest_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"ecrlogin/internal/leaktest"
)

const secret = "hunter2/of the+user=and more of it"

func TestIn(t *testing.T) {
	s := leaktest.Secrets{"password": secret, "other": "another secret of the user"}
	for name, text := range map[string]string{
		"whole":       secret,
		"prefix":      "x" + secret[:16] + "x",
		"suffix":      "x" + secret[len(secret)-16:],
		"query":       url.QueryEscape(secret),
		"path":        url.PathEscape(secret),
		"hexadecimal": hex.EncodeToString([]byte(secret)),
		"upper case":  fmt.Sprintf("%X", secret),
		"base64":      base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64 1":    base64.StdEncoding.EncodeToString([]byte("1" + secret + "1")),
		"base64 2":    base64.URLEncoding.EncodeToString([]byte("AWS:u" + secret + "22")),
	} {
		if got := s.In("error: " + text + "; try again"); !slices.Equal(got, []string{"password"}) {
			t.Errorf("%s: found %q", name, got)
		}
	}
	for _, text := range []string{"", "short", secret[:15], "nothing of the secrets is in this text"} {
		if got := s.In(text); got != nil {
			t.Errorf("%q: found %q", text, got)
		}
	}
	if got := s.Without("password").In(secret); got != nil {
		t.Errorf("found %q", got)
	}
	if got := s.With("third", "the third secret").In("the third secret"); !slices.Equal(got, []string{"third"}) {
		t.Errorf("found %q", got)
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("same", "1")
	write("changed", "1")
	write("except/file", "1")
	before := leaktest.Files(t, dir, "except")
	write("changed", "2")
	write("sub/new", "3")
	write("except/file", "2")
	changed := leaktest.Files(t, dir, "except").Changed(before)
	if len(changed) != 2 || changed[filepath.Join(dir, "changed")] != "2" || changed[filepath.Join(dir, "sub/new")] != "3" {
		t.Errorf("changed: %q", changed)
	}
}
