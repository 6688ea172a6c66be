package setup

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ecrlogin/internal/dockerconfig"
	"ecrlogin/internal/environ"
)

func TestFindPodman(t *testing.T) {
	runtime := fmt.Sprintf("/run/containers/%d/auth.json", os.Getuid())
	tests := []struct {
		name         string
		env          environ.Env
		auth, before string
	}{
		{"nothing set", nil, "/home/u/.config/containers/auth.json", runtime},
		{"a session", environ.Env{"XDG_RUNTIME_DIR=/run/user/1000"}, "/home/u/.config/containers/auth.json", "/run/user/1000/containers/auth.json"},
		{"a configuration directory", environ.Env{"XDG_CONFIG_HOME=/xdg"}, "/xdg/containers/auth.json", runtime},
		{"a file", environ.Env{"REGISTRY_AUTH_FILE=/ci/auth.json", "XDG_RUNTIME_DIR=/run/user/1000"}, "/ci/auth.json", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := FindPodman(append(environ.Env{"HOME=/home/u", "USERPROFILE=/home/u"}, tt.env...))
			if err != nil || filepath.ToSlash(p.Auth) != tt.auth || filepath.ToSlash(p.Before) != tt.before {
				t.Errorf("%+v, %v; want %s and before it %s", p, err, tt.auth, tt.before)
			}
			if !slices.Contains(p.Conf, p.DropIn) {
				t.Errorf("%s is not among %s", p.DropIn, p.Conf)
			}
		})
	}
}

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
