package environ_test

import (
	"os"
	"runtime"
	"slices"
	"testing"

	"ecrlogin/internal/environ"
)

func TestGet(t *testing.T) {
	env := environ.Env{"A=1", "B=", "A=2", "C=x=y", "=D:=here", "invalid", ""}
	for name, want := range map[string]string{"A": "1", "B": "", "C": "x=y", "=D:": "here", "invalid": "", "": "", "absent": ""} {
		if got := env.Get(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	if _, ok := env.Lookup("B"); !ok {
		t.Error("an empty variable counts as missing")
	}
	if _, ok := env.Lookup("absent"); ok {
		t.Error("a missing variable was found")
	}
	var names []string
	for name := range env.All() {
		names = append(names, name)
	}
	if want := []string{"A", "B", "A", "C", "=D:"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	with := env.With("A=3", "E=4")
	if with.Get("A") != "3" || with.Get("E") != "4" || with.Get("C") != "x=y" || env.Get("A") != "1" {
		t.Errorf("got %q from %q", with, env)
	}
}

// The directories are those of package os, for any variables.
func TestDirectories(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the variables of this test are those of Unix")
	}
	for _, set := range [][]string{
		{"HOME=/home/a"},
		{"HOME=/home/a", "XDG_CONFIG_HOME=/c", "XDG_CACHE_HOME=/d"},
		{"HOME=/home/a", "XDG_CONFIG_HOME=c", "XDG_CACHE_HOME=d"},
		{"HOME=", "XDG_CONFIG_HOME="},
		{},
	} {
		env := environ.Env(set)
		for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"} {
			t.Setenv(name, "") // so that the test restores it
			os.Unsetenv(name)
			if value, ok := env.Lookup(name); ok {
				os.Setenv(name, value)
			}
		}
		for _, tt := range []struct {
			name      string
			got, want func() (string, error)
		}{{"home", env.Home, os.UserHomeDir}, {"config", env.ConfigDir, os.UserConfigDir}, {"cache", env.CacheDir, os.UserCacheDir}} {
			got, gotErr := tt.got()
			want, wantErr := tt.want()
			if wantErr == nil && (gotErr != nil || got != want) || (gotErr == nil) != (wantErr == nil) {
				t.Errorf("%s with %q: got %q, %v; want %q, %v", tt.name, set, got, gotErr, want, wantErr)
			}
		}
	}
}
