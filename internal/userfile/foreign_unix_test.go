//go:build unix

package userfile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ecrlogin/internal/userfile"
)

const alice = 12345 // and bob 12346; neither is root

// tree makes directories ("a/"), links ("a -> b") and files, each with a mode, for an owner, and returns where.
func tree(t *testing.T, entries ...string) (top string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root works in other users' directories")
	}
	top = t.TempDir()
	for _, e := range entries {
		var owner int
		var mode uint32
		var name string
		if _, err := fmt.Sscanf(e, "%d %o ", &owner, &mode); err != nil {
			t.Fatal(e, err)
		}
		name = strings.SplitN(e, " ", 3)[2]
		from, to, link := strings.Cut(name, " -> ")
		path := filepath.Join(top, from)
		var err error
		switch {
		case link:
			err = os.Symlink(strings.ReplaceAll(to, "TOP", top), path)
		case strings.HasSuffix(name, "/"):
			err = errorsOf(os.Mkdir(path, 0o700), os.Chmod(path, os.FileMode(mode)))
		default:
			err = errorsOf(os.WriteFile(path, []byte("old"), 0o600), os.Chmod(path, os.FileMode(mode)))
		}
		if err := errorsOf(err, os.Lchown(path, owner, owner)); err != nil {
			t.Fatal(err)
		}
	}
	for dir := top; dir != os.TempDir(); dir = filepath.Dir(dir) { // alice gets there
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return top
}

// Root follows another user's link only to what is that user's. What it writes there stays theirs.
func TestRootInHomeOfAnotherUser(t *testing.T) {
	home := "12345 755 home/"
	tests := []struct {
		name    string
		entries []string
		read    string // what reading fails with; "" if it works
		write   string // what replacing fails with
		target  string
	}{
		{"a file", []string{home, "12345 600 home/config.json"}, "", "", "home/config.json"},
		{"a link between directories", []string{home, "12345 700 home/dotfiles/", "12345 600 home/dotfiles/c", "12345 0 home/config.json -> dotfiles/c"}, "", "", "home/dotfiles/c"},
		{"an absolute link", []string{home, "12345 700 home/dotfiles/", "12345 600 home/dotfiles/c", "12345 0 home/config.json -> TOP/home/dotfiles/c"}, "", "", "home/dotfiles/c"},
		{"a dangling link", []string{home, "12345 0 home/config.json -> dotfiles/a/c"}, "", "", "home/dotfiles/a/c"},
		{"an empty directory of root's", []string{home, "0 700 home/.docker/", "12345 0 home/config.json -> .docker/c"}, "", "", "home/.docker/c"},
		{"a link of root's on the way", []string{"0 755 real/", "12345 755 real/home/", "0 0 home -> real/home", "12345 600 real/home/config.json"}, "", "", "real/home/config.json"},
		{"to a file of root's", []string{home, "0 755 root/", "0 600 root/c", "12345 0 home/config.json -> ../root/c"}, "root/c is closed to the owner of home", "", ""},
		{"to a public file of root's", []string{home, "0 755 root/", "0 644 root/c", "12345 0 home/config.json -> ../root/c"}, "", "root does not belong to the owner of home", "root/c"},
		{"into a directory of root's", []string{home, "0 755 root/", "12345 0 home/config.json -> ../root/c"}, "", "root does not belong to the owner of home", "root/c"},
		{"into a public directory of root's", []string{home, "0 777 root/", "12345 0 home/config.json -> ../root/c"}, "", "root does not belong to the owner of home", "root/c"},
		{"into a closed directory", []string{home, "0 700 root/", "12345 777 root/alices/", "12345 0 home/config.json -> ../root/alices/c"}, "root is closed to the owner of home", "", ""},
		{"into another user's directory", []string{home, "12346 777 bob/", "12346 644 bob/c", "12345 0 home/config.json -> ../bob/c"}, "", "bob does not belong to the owner of home", "bob/c"},
		{"to another user's file", []string{home, "12345 755 home/d/", "12346 644 home/d/c", "12345 0 home/config.json -> d/c"}, "", "home/d/c does not belong to the owner of home", "home/d/c"},
		{"a file of root's", []string{home, "0 644 home/config.json"}, "", "home/config.json does not belong to the owner of home", "home/config.json"},
		{"a directory of root's that is in use", []string{home, "0 755 home/.docker/", "0 600 home/.docker/x", "12345 0 home/config.json -> .docker/c"}, "", "home/.docker does not belong to the owner of home", "home/.docker/c"},
		{"a link of a user's in a directory of root's", []string{"0 755 home/", "0 755 root/", "0 644 root/c", "12345 0 home/config.json -> ../root/c"}, "", "root does not belong to the owner of home/config.json", "root/c"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			top := tree(t, tt.entries...)
			path := filepath.Join(top, "home/config.json")
			fails := func(what string, err error, want string) bool {
				t.Helper()
				if want == "" {
					if err != nil {
						t.Fatal(what, err)
					}
					return false
				}
				want = path + ": not accessed as root, because " + want + ", which leads there; run this as the user whose file it is"
				if got := fmt.Sprint(err); strings.ReplaceAll(strings.TrimPrefix(got, top), top+"/", "") != strings.TrimPrefix(want, top) {
					t.Errorf("%s\ngot  %s\nwant %s", what, got, want)
				}
				return true
			}
			before := owners(t, top)
			f, err := userfile.Read(path)
			if fails("reading", err, tt.read) {
				return
			}
			target := filepath.Join(top, tt.target)
			if f.Target != target {
				t.Errorf("leads to %s, want %s", f.Target, target)
			}
			if fails("replacing", f.Replace([]byte("new")), tt.write) {
				if after := owners(t, top); after != before {
					t.Errorf("changed from\n%sto\n%s", before, after)
				}
				return
			}
			holds(t, target, "new")
			if err := f.Backup(filepath.Join(filepath.Dir(target), "backup")); err != nil {
				t.Error(err)
			}
			for path, owner := range ownersOf(t, top) {
				if strings.Contains(path, "/home/") && owner != alice {
					t.Errorf("%s belongs to %d", path, owner)
				}
			}
			if err := f.Remove(); err != nil {
				t.Error(err)
			}
		})
	}
}

func ownersOf(t *testing.T, top string) map[string]int {
	t.Helper()
	all := map[string]int{}
	err := filepath.WalkDir(top, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			all[path] = int(info.Sys().(*syscall.Stat_t).Uid)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func owners(t *testing.T, top string) string { return fmt.Sprintln(ownersOf(t, top)) }

// Concurrent writers of root's in a new directory of a user's do not get in each other's way.
func TestRootMakesDirectoriesTogether(t *testing.T) {
	top := tree(t, "12345 755 home/")
	const n = 8
	errs := make(chan error)
	for i := range n {
		go func() {
			f, err := userfile.Read(filepath.Join(top, "home/a/b", fmt.Sprint(i)))
			if err == nil {
				err = f.Replace([]byte("new"))
			}
			errs <- err
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	for path, owner := range ownersOf(t, filepath.Join(top, "home")) {
		if owner != alice {
			t.Errorf("%s belongs to %d", path, owner)
		}
	}
}

// A copy can be written by its owner alone, and others cannot make another user's file of it.
func TestBackupIsPrivate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.json")
	write(t, path, "old")
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := read(t, path).Backup(path + ".backup"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path + ".backup"); err != nil || info.Mode() != 0o644 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}
