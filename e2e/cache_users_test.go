package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// User IDs other than root.
const (
	alice = 4201
	bob   = 4202
)

// If two users set the same cache directory, only its owner uses it. The other user, even root, has no cache, and the
// helper prints why.
func TestCacheOfTwoUsers(t *testing.T) {
	first := newUser(t, alice)
	cache := filepath.Join(first.newDir(t), "cache")
	first = first.with("HOME=/", "AWS_ECR_CACHE_DIR="+cache)
	answer := first.mustGet(t, "")
	if err := os.Chmod(filepath.Dir(cache), 0o755); err != nil { // readable by bob
		t.Fatal(err)
	}
	first.wantTokenRequests(t, 1)
	for uid, whose := range map[int]string{bob: "it", 0: filepath.Dir(cache)} {
		second := first.as(uid)
		line := "the cache directory " + cache + " is not used, because " + whose + " belongs to another user; set AWS_ECR_CACHE_DIR to another directory"
		for range 2 {
			if second.mustGet(t, line) == answer {
				t.Errorf("user %d got alice's password", uid)
			}
		}
		second.wantTokenRequests(t, 2)
		if r := second.run(t, "list", ""); r.exit != 0 || r.stdout != "{}\n" {
			t.Errorf("list of user %d: exit code %d, stdout %q", uid, r.exit, r.stdout)
		}
		if r := second.run(t, "erase", firstHost); r.exit != 0 {
			t.Errorf("erase of user %d: exit code %d", uid, r.exit)
		}
	}
	if first.mustGet(t, "") != answer {
		t.Error("alice's token was lost")
	}
	first.wantTokenRequests(t, 0)
}

// A cache entry that belongs to another user is not used. Root can read all entries, so the check uses the owner.
func TestCacheEntryOfAnotherUser(t *testing.T) {
	root := newUser(t, 0)
	cache := filepath.Join(root.newDir(t), "cache")
	root = root.with("HOME=/", "AWS_ECR_CACHE_DIR="+cache)
	answer := root.mustGet(t, "")
	entries, err := filepath.Glob(filepath.Join(cache, "*.token"))
	if err != nil || len(entries) != 2 { // of the registry and its API
		t.Fatalf("entries %q, %v", entries, err)
	}
	if err := errors.Join(os.Chown(entries[0], bob, bob), os.Remove(entries[1])); err != nil {
		t.Fatal(err)
	}
	if root.mustGet(t, "the cache entry "+entries[0]+" is not used, because it belongs to another user") == answer {
		t.Error("the entry of another user was used")
	}
}

// If the user cannot write or read the cache directory, get succeeds and prints one line.
func TestCacheWithoutPermission(t *testing.T) {
	u := newUser(t, alice)
	dir := u.newDir(t)
	cache := filepath.Join(dir, "cache")
	u = u.with("HOME=/", "AWS_ECR_CACHE_DIR="+cache)
	answer := u.mustGet(t, "")
	u.wantTokenRequests(t, 1)
	if err := os.Chmod(cache, 0o500); err != nil {
		t.Fatal(err)
	}
	if u.mustGet(t, "") != answer {
		t.Error("the readable entry was not used")
	}
	line := "the cache directory " + cache + " cannot be used: permission denied; check its owner and mode, or set AWS_ECR_CACHE_DIR to another directory"
	other := u.with("AWS_REGION=eu-west-1") // has no entry yet
	other.mustGet(t, line)
	other.mustGet(t, line)
	u.wantTokenRequests(t, 2)
	for _, path := range []string{cache, dir} {
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		u.mustGet(t, line)
		u.wantTokenRequests(t, 1)
		if r := u.run(t, "list", ""); r.exit != 0 || r.stdout != "{}\n" || r.stderr != line+"\n" {
			t.Errorf("list: exit code %d, stdout %q", r.exit, r.stdout)
		}
	}
}
