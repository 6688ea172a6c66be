package setup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

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

// TestFindConf checks that the user's drop-in is after the system's drop-in of the same name, whether it exists or not.
func TestFindConf(t *testing.T) {
	dir := t.TempDir()
	system, user := filepath.Join(dir, "etc"), filepath.Join(dir, "user")
	want := []string{filepath.Join(system, "registries.conf")}
	for _, dir := range []string{system, user} {
		path := filepath.Join(dir, "registries.conf.d", dropInName)
		want = append(want, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		var p PodmanFiles
		p.findConf(nil, system, user, false)
		if !slices.Equal(p.Conf, want) || p.DropIn != want[2] {
			t.Errorf("got %q with %s, want %q", p.Conf, p.DropIn, want)
		}
		if err := os.Remove(p.DropIn); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
}
