// Package environ provides the environment of a process as a value, so that it is read once, where the program starts,
// and passed on from there.
//
// It imports little, because the fast path uses it: see package fastpath.
package environ

import (
	"errors"
	"iter"
	"os"
	"runtime"
	"slices"
	"strings"
)

// Env is an environment, in the form of os.Environ: "NAME=value". The zero Env has no variables.
type Env []string

// Process returns the environment of this process.
func Process() Env { return os.Environ() }

// Get returns the value of a variable; "" if it is not set.
func (e Env) Get(name string) string {
	value, _ := e.Lookup(name)
	return value
}

// Lookup returns the value of a variable, and whether it is set. Of duplicates it returns the first, as package os
// does. On Windows, upper and lower case are equal in names.
func (e Env) Lookup(name string) (value string, ok bool) {
	for n, value := range e.All() {
		if same(n, name) {
			return value, true
		}
	}
	return "", false
}

// All iterates over names and values, including duplicates.
func (e Env) All() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for _, v := range e {
			if name, value, ok := split(v); ok && !yield(name, value) {
				return
			}
		}
	}
}

// With returns a copy in which a variable has the given value, and no duplicates: of these, package os uses the first
// and package os/exec the last.
func (e Env) With(name, value string) Env {
	others := slices.DeleteFunc(slices.Clone(e), func(v string) bool {
		n, _, ok := split(v)
		return ok && same(n, name)
	})
	return append(others, name+"="+value)
}

func split(v string) (name, value string, ok bool) {
	// On Windows, names such as "=C:" begin with an equals sign.
	i := strings.IndexByte(v[min(1, len(v)):], '=')
	if i < 0 {
		return "", "", false
	}
	return v[:i+1], v[i+2:], true
}

func same(a, b string) bool { return a == b || runtime.GOOS == "windows" && strings.EqualFold(a, b) }

// Home returns the user's home directory: HOME, or USERPROFILE on Windows. The error contains the name of the variable
// that is not set.
func (e Env) Home() (string, error) {
	name := "HOME"
	if runtime.GOOS == "windows" {
		name = "USERPROFILE"
	}
	if home := e.Get(name); home != "" {
		return home, nil
	}
	return "", errors.New("$" + name + " is not defined")
}

// UserHome returns Home or, if the variable is not set, the home directory in the account database; "" if that is
// unknown too.
func (e Env) UserHome() string {
	if home, err := e.Home(); err == nil {
		return home
	}
	return accountHome()
}

// ConfigDir returns the user's configuration directory: XDG_CONFIG_HOME or ~/.config, ~/Library/Application Support on
// macOS, %AppData% on Windows. It returns "" if the variable that it depends on is not set, or if XDG_CONFIG_HOME is
// not an absolute path.
func (e Env) ConfigDir() string {
	return e.dir("AppData", "/Library/Application Support", "XDG_CONFIG_HOME", "/.config")
}

// CacheDir is like ConfigDir for the user's cache directory: XDG_CACHE_HOME or ~/.cache, ~/Library/Caches on macOS,
// %LocalAppData% on Windows.
func (e Env) CacheDir() string {
	return e.dir("LocalAppData", "/Library/Caches", "XDG_CACHE_HOME", "/.cache")
}

func (e Env) dir(windows, darwin, xdg, other string) string {
	inHome := darwin
	switch runtime.GOOS {
	case "windows":
		return e.Get(windows)
	case "darwin":
	default:
		if dir := e.Get(xdg); dir != "" {
			if dir[0] != '/' {
				return ""
			}
			return dir
		}
		inHome = other
	}
	home, err := e.Home()
	if err != nil {
		return ""
	}
	return home + inHome
}
