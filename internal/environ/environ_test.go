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
}

// With leaves no duplicate of a variable, and does not change the original.
func TestWith(t *testing.T) {
	env := environ.Env{"A=1", "B=", "A=2", "C=x=y", "=D:=here", "invalid"}
	before := slices.Clone(env)
	for name, want := range map[string]environ.Env{
		"A":   {"B=", "C=x=y", "=D:=here", "invalid", "A=3"},
		"C":   {"A=1", "B=", "A=2", "=D:=here", "invalid", "C=3"},
		"=D:": {"A=1", "B=", "A=2", "C=x=y", "invalid", "=D:=3"},
		"E":   {"A=1", "B=", "A=2", "C=x=y", "=D:=here", "invalid", "E=3"},
	} {
		if got := env.With(name, "3"); !slices.Equal(got, want) || got.Get(name) != "3" {
			t.Errorf("with %s: got %q, want %q", name, got, want)
		}
	}
	if !slices.Equal(env, before) {
		t.Errorf("With changed the original to %q", env)
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
		home, homeErr := env.Home()
		for _, tt := range []struct {
			name, got string
			want      func() (string, error)
		}{{"home", home, os.UserHomeDir}, {"config", env.ConfigDir(), os.UserConfigDir}, {"cache", env.CacheDir(), os.UserCacheDir}} {
			if want, err := tt.want(); tt.got != want || (tt.got == "") != (err != nil) {
				t.Errorf("%s with %q: got %q; want %q, %v", tt.name, set, tt.got, want, err)
			}
		}
		if (home == "") != (homeErr != nil) {
			t.Errorf("home with %q: got %q, %v", set, home, homeErr)
		}
	}
}
