package setup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ecrlogin/internal/dockerconfig"
	"ecrlogin/internal/environ"
)

// TestDefaultStore checks that Docker's default store depends on the operating system and on its helper being
// installed.
func TestDefaultStore(t *testing.T) {
	bin := t.TempDir()
	env := environ.Env{"PATH=" + strings.Join([]string{"relative", "", bin}, string(filepath.ListSeparator))}
	program := func(names ...string) {
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(bin, name), nil, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(bin, name+".exe"), nil, 0o700); err != nil {
				t.Fatal(err)
			}
		}
	}
	check := func(content, goos, want string) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "config.json")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := dockerconfig.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := defaultStore(env, f, goos); got != want {
			t.Errorf("%s on %s: %q, want %q", content, goos, got, want)
		}
	}
	for _, goos := range []string{"linux", "darwin", "windows", "freebsd"} {
		check("{}", goos, "")
	}
	program("docker-credential-osxkeychain", "docker-credential-wincred", "docker-credential-secretservice", "docker-credential-pass")
	for goos, want := range map[string]string{"linux": "secretservice", "darwin": "osxkeychain", "windows": "wincred", "freebsd": ""} {
		check(`{"auths": {}, "credsStore": "", "credHelpers": {}, "proxies": {}}`, goos, want)
	}
	program("pass")
	check("{}", "linux", "pass")
	t.Chdir(bin)
	env = environ.Env{"PATH=."}
	check("{}", "linux", "")
	env = environ.Env{"PATH=" + bin}
	for _, content := range []string{`{"auths": {"a": {}}}`, `{"credHelpers": {"a": "b"}}`, `{"credsStore": "b"}`} {
		check(content, "linux", "")
	}
}
