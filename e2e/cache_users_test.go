package e2e

import (
	"os"
	"path/filepath"
	"testing"
)

// Two users of the machine, neither of them root.
const (
	alice = 4201
	bob   = 4202
)

// Of two users with the same folder it is its owner's. The other one, though it be root, has
// no cache, and is told why.
func TestCacheOfTwoUsers(t *testing.T) {
	first := newUser(t, alice)
	cache := filepath.Join(first.folder(t), "cache")
	first = first.with("HOME=/", "AWS_ECR_CACHE_DIR="+cache)
	answer := first.gets(t, "")
	if err := os.Chmod(filepath.Dir(cache), 0o755); err != nil { // bob can see it
		t.Fatal(err)
	}
	first.asked(t, 1)
	for uid, whose := range map[int]string{bob: "it", 0: filepath.Dir(cache)} {
		second := first.as(uid)
		line := "the cache directory " + cache + " is not used, because " + whose + " belongs to another user; set AWS_ECR_CACHE_DIR to another directory"
		for range 2 {
			if second.gets(t, line) == answer {
				t.Errorf("user %d was given alice's password", uid)
			}
		}
		second.asked(t, 2)
		if r := second.run(t, "list", ""); r.exit != 0 || r.stdout != "{}\n" {
			t.Errorf("list of user %d: exit code %d, stdout %q", uid, r.exit, r.stdout)
		}
		if r := second.run(t, "erase", firstHost); r.exit != 0 {
			t.Errorf("erase of user %d: exit code %d", uid, r.exit)
		}
	}
	if first.gets(t, "") != answer {
		t.Error("alice's token was lost")
	}
	first.asked(t, 0)
}

// An entry that somebody else has put into the folder is not used. Root may read it, so
// reading it does not tell.
func TestCacheEntryOfAnotherUser(t *testing.T) {
	root := newUser(t, 0)
	cache := filepath.Join(root.folder(t), "cache")
	root = root.with("HOME=/", "AWS_ECR_CACHE_DIR="+cache)
	answer := root.gets(t, "")
	entries, err := filepath.Glob(filepath.Join(cache, "*.token"))
	if err != nil || len(entries) != 1 {
		t.Fatalf("entries %q, %v", entries, err)
	}
	if err := os.Chown(entries[0], bob, bob); err != nil {
		t.Fatal(err)
	}
	if root.gets(t, "the cache entry "+entries[0]+" is not used, because it belongs to another user") == answer {
		t.Error("it was used")
	}
}

// A directory that the user may not write to, or not even look into, is no failure, and a line says so.
func TestCacheWithoutPermission(t *testing.T) {
	u := newUser(t, alice)
	dir := u.folder(t)
	cache := filepath.Join(dir, "cache")
	u = u.with("HOME=/", "AWS_ECR_CACHE_DIR="+cache)
	answer := u.gets(t, "")
	u.asked(t, 1)
	if err := os.Chmod(cache, 0o500); err != nil {
		t.Fatal(err)
	}
	if u.gets(t, "") != answer {
		t.Error("what can be read was not used")
	}
	line := "the cache directory " + cache + " cannot be used: permission denied; check its owner and mode, or set AWS_ECR_CACHE_DIR to another directory"
	other := u.with("AWS_REGION=eu-west-1") // has no entry yet
	other.gets(t, line)
	other.gets(t, line)
	u.asked(t, 2)
	for _, path := range []string{cache, dir} {
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		u.gets(t, line)
		u.asked(t, 1)
		if r := u.run(t, "list", ""); r.exit != 0 || r.stdout != "{}\n" || r.stderr != line+"\n" {
			t.Errorf("list: exit code %d, stdout %q", r.exit, r.stdout)
		}
	}
}
