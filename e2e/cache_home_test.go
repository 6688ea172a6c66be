package e2e

import (
	"os"
	"path/filepath"
	"testing"
)

// Root without a HOME, as daemons run, has the system's folder for its tokens, even if the
// configuration is in the home that the system knows of.
func TestCacheOfRootWithoutHome(t *testing.T) {
	const cache = "/var/cache/ecr-login" // of the sandbox
	root := newUser(t, 0)
	answer := root.gets(t, "")
	t.Cleanup(func() {
		if err := os.RemoveAll(cache); err != nil {
			t.Error(err)
		}
	})
	if root.gets(t, "") != answer {
		t.Error("the token was not kept")
	}
	root.asked(t, 1)
	info, err := os.Stat(cache)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is %v, %v", info, err)
	}
	if entries, err := filepath.Glob(cache + "/*.token"); err != nil || len(entries) != 1 {
		t.Errorf("the entries are %q, %v", entries, err)
	}
}

// Root with another user's HOME, as sudo may leave it, leaves nothing there, and shuts that user
// out of nothing. Its tokens are in the system's folder.
func TestCacheOfRootInHomeOfAnotherUser(t *testing.T) {
	const cache = "/var/cache/ecr-login" // of the sandbox
	t.Cleanup(func() {
		if err := os.RemoveAll(cache); err != nil {
			t.Error(err)
		}
	})
	user := newUser(t, alice)
	home := user.folder(t)
	user = user.with("HOME=" + home)
	root := user.as(0)
	answer := root.gets(t, "")
	if root.gets(t, "") != answer {
		t.Error("the token was not kept")
	}
	root.asked(t, 1)
	if files, err := os.ReadDir(home); err != nil || len(files) != 0 {
		t.Errorf("root left %v (%v)", files, err)
	}
	own := user.gets(t, "")
	if own == answer {
		t.Error("the user was given root's token")
	}
	if user.gets(t, "") != own {
		t.Error("the user's token was not kept")
	}
	root.asked(t, 1)
}

// Others without a HOME have no cache, and neither have those whose HOME is not there or
// not theirs. None of them is bothered with it.
func TestCacheWithoutHome(t *testing.T) {
	foreign := runtimeDir(t)
	if err := os.Chmod(foreign, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, env := range map[string][]string{
		"unset":        nil,
		"empty":        {"HOME="},
		"absent":       {"HOME=/nonexistent"},
		"not writable": {"HOME=" + foreign},
		"no folder":    {"HOME=/dev/null"},
	} {
		t.Run(name, func(t *testing.T) {
			u := newUser(t, alice).with(env...)
			u.gets(t, "")
			u.gets(t, "")
			u.asked(t, 2)
			if r := u.run(t, "list", ""); r.exit != 0 || r.stdout != "{}\n" || r.stderr != "" {
				t.Errorf("list: exit code %d, stdout %q, stderr %q", r.exit, r.stdout, r.stderr)
			}
			if r := u.run(t, "erase", firstHost); r.exit != 0 || r.stderr != "" {
				t.Errorf("erase: exit code %d, stderr %q", r.exit, r.stderr)
			}
			if files, err := os.ReadDir(foreign); err != nil || len(files) != 0 {
				t.Errorf("it left %v (%v)", files, err)
			}
		})
	}
}
