package e2e

import (
	"os"
	"path/filepath"
	"testing"
)

// Root without HOME, like a daemon, caches tokens in the system's directory, also if the configuration is in the home
// directory of the user database.
func TestCacheOfRootWithoutHome(t *testing.T) {
	const cache = "/var/cache/ecr-login" // in the sandbox
	root := newUser(t, 0)
	answer := root.mustGet(t, "")
	t.Cleanup(func() {
		if err := os.RemoveAll(cache); err != nil {
			t.Error(err)
		}
	})
	if root.mustGet(t, "") != answer {
		t.Error("the token was not cached")
	}
	root.wantTokenRequests(t, 1)
	info, err := os.Stat(cache)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory is %v, %v", info, err)
	}
	if entries, err := filepath.Glob(cache + "/*.token"); err != nil || len(entries) != 2 { // of the registry and its API
		t.Errorf("the entries are %q, %v", entries, err)
	}
}

// Root with another user's HOME, as with sudo -E, creates no files there, and caches tokens in the system's directory.
// The cache of the user still works.
func TestCacheOfRootInHomeOfAnotherUser(t *testing.T) {
	const cache = "/var/cache/ecr-login" // in the sandbox
	t.Cleanup(func() {
		if err := os.RemoveAll(cache); err != nil {
			t.Error(err)
		}
	})
	user := newUser(t, alice)
	home := user.newDir(t)
	user = user.with("HOME=" + home)
	root := user.as(0)
	answer := root.mustGet(t, "")
	if root.mustGet(t, "") != answer {
		t.Error("the token was not cached")
	}
	root.wantTokenRequests(t, 1)
	if files, err := os.ReadDir(home); err != nil || len(files) != 0 {
		t.Errorf("root created %v (%v)", files, err)
	}
	own := user.mustGet(t, "")
	if own == answer {
		t.Error("the user got root's token")
	}
	if user.mustGet(t, "") != own {
		t.Error("the user's token was not cached")
	}
	root.wantTokenRequests(t, 1)
}

// Other users have no cache if HOME is not set, does not exist or belongs to another user. The helper prints no message
// about it.
func TestCacheWithoutHome(t *testing.T) {
	foreign := runtimeDir(t)
	if err := os.Chmod(foreign, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, env := range map[string][]string{
		"unset":        nil,
		"empty":        {"HOME="},
		"missing":      {"HOME=/nonexistent"},
		"not writable": {"HOME=" + foreign},
		"no directory": {"HOME=/dev/null"},
	} {
		t.Run(name, func(t *testing.T) {
			u := newUser(t, alice).with(env...)
			u.mustGet(t, "")
			u.mustGet(t, "")
			u.wantTokenRequests(t, 2)
			if r := u.run(t, "list", ""); r.exit != 0 || r.stdout != "{}\n" || r.stderr != "" {
				t.Errorf("list: exit code %d, stdout %q, stderr %q", r.exit, r.stdout, r.stderr)
			}
			if r := u.run(t, "erase", firstHost); r.exit != 0 || r.stderr != "" {
				t.Errorf("erase: exit code %d, stderr %q", r.exit, r.stderr)
			}
			if files, err := os.ReadDir(foreign); err != nil || len(files) != 0 {
				t.Errorf("the helper created %v (%v)", files, err)
			}
		})
	}
}
