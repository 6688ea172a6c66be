package userfile_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ecrlogin/internal/swaptest"
	"ecrlogin/internal/userfile"
)

const alice = 12345 // and bob 12346; neither is root

// tree creates directories ("a/"), links ("a -> b") and files, each with an owner and a mode, and returns their parent
// directory.
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
	for dir := top; dir != os.TempDir(); dir = filepath.Dir(dir) { // alice can access them
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return top
}

// TestRootInHomeOfAnotherUser checks that root follows links of another user only to files that this user can read and
// write, and that the files it writes belong to that user.
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
		{"a closed directory of root's", []string{home, "0 700 home/.docker/", "12345 0 home/config.json -> .docker/c"}, "home/.docker is closed to the owner of home", "", ""},
		{"an empty directory of root's", []string{home, "0 755 home/.docker/", "12345 0 home/config.json -> .docker/c"}, "", "home/.docker does not belong to the owner of home", "home/.docker/c"},
		{"a link of root's on the way", []string{"0 755 real/", "12345 755 real/home/", "0 0 home -> real/home", "12345 600 real/home/config.json"}, "", "", "real/home/config.json"},
		{"to a file of root's", []string{home, "0 755 root/", "0 600 root/c", "12345 0 home/config.json -> ../root/c"}, "root/c is closed to the owner of home", "", ""},
		{"to a file for root's group", []string{home, "0 755 root/", "0 640 root/c", "12345 0 home/config.json -> ../root/c"}, "root/c is closed to the owner of home", "", ""},
		{"to a public file of root's", []string{home, "0 755 root/", "0 644 root/c", "12345 0 home/config.json -> ../root/c"}, "", "root does not belong to the owner of home", "root/c"},
		{"into a directory of root's", []string{home, "0 755 root/", "12345 0 home/config.json -> ../root/c"}, "", "root does not belong to the owner of home", "root/c"},
		{"into a public directory of root's", []string{home, "0 777 root/", "12345 0 home/config.json -> ../root/c"}, "", "root does not belong to the owner of home", "root/c"},
		{"into a closed directory", []string{home, "0 700 root/", "12345 777 root/alices/", "12345 0 home/config.json -> ../root/alices/c"}, "root is closed to the owner of home", "", ""},
		{"via a directory that cannot be listed", []string{home, "0 711 efs/", "12345 755 efs/alice/", "12345 600 efs/alice/c", "12345 0 home/config.json -> ../efs/alice/c"},
			"efs is closed to the owner of home", "", ""},
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
				want = path + ": not accessed as root, because " + want + ", which leads there; run this command as the owner of the file"
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

// TestRootMakesDirectoriesTogether checks that root can create the same directories concurrently.
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

// TestOwner checks that a file that root replaces or creates in another user's directory belongs to that user.
func TestOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	home := t.TempDir()
	path := filepath.Join(home, "config.json")
	write(t, path, "old")
	for _, p := range []string{home, path} {
		if err := os.Chown(p, alice, alice); err != nil {
			t.Fatal(err)
		}
	}
	f := read(t, path)
	if err := f.Backup(filepath.Join(home, "backup")); err != nil {
		t.Fatal(err)
	}
	if err := f.Replace([]byte("new")); err != nil {
		t.Fatal(err)
	}
	if err := read(t, filepath.Join(home, "a/b/new")).Replace([]byte("new")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"config.json", "backup", "a", "a/b", "a/b/new"} {
		info, err := os.Stat(filepath.Join(home, name))
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != alice || owner.Gid != alice {
			t.Errorf("%s belongs to %d:%d, want %d", name, owner.Uid, owner.Gid, alice)
		}
	}
}

// TestRootHasNoGroupOfTheUser checks that root does not read files via the group of a user's directory, because the user
// may not be a member. New files get that group, and existing files keep theirs.
func TestRootHasNoGroupOfTheUser(t *testing.T) {
	const group, other = 12350, 12351
	top := tree(t, "12345 755 home/", "12345 640 home/config.json", "0 755 root/", "0 640 root/c", "12345 0 home/link -> ../root/c")
	for path, gid := range map[string]int{"home": group, "home/config.json": other, "root/c": group} {
		path = filepath.Join(top, path)
		info, err := os.Stat(path)
		if err := errorsOf(err, os.Chown(path, -1, gid), os.Chmod(path, info.Mode())); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := userfile.Read(filepath.Join(top, "home/link")); err == nil || !strings.Contains(err.Error(), "root/c is closed to the owner of ") {
		t.Errorf("got %v", err)
	}
	f := read(t, filepath.Join(top, "home/config.json"))
	if err := errorsOf(f.Replace([]byte("new")), f.Backup(filepath.Join(top, "home/backup")), read(t, filepath.Join(top, "home/a/new")).Replace(nil)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]uint32{"config.json": other, "backup": group, "a": group, "a/new": group} {
		info, err := os.Stat(filepath.Join(top, "home", path))
		if err != nil {
			t.Fatal(err)
		}
		if stat := info.Sys().(*syscall.Stat_t); stat.Uid != alice || stat.Gid != want {
			t.Errorf("%s belongs to %d:%d, want %d:%d", path, stat.Uid, stat.Gid, alice, want)
		}
	}
}

// TestRootBelowAClosedDirectory checks that root works in a directory of another user who has no access to the parent
// directory, such as a volume in the home directory of root in a container.
func TestRootBelowAClosedDirectory(t *testing.T) {
	top := tree(t, "0 700 root/", "12345 755 root/.docker/", "12345 755 root/.docker/sub/", "12345 0 root/.docker/config.json -> sub/config.json", "12345 600 root/.docker/sub/config.json")
	f := read(t, filepath.Join(top, "root/.docker/config.json"))
	if err := errorsOf(f.Backup(filepath.Join(top, "root/.docker/backup")), f.Replace([]byte("new"))); err != nil {
		t.Fatal(err)
	}
	holds(t, filepath.Join(top, "root/.docker/sub/config.json"), "new")
	holds(t, filepath.Join(top, "root/.docker/backup"), "old")
	unlock, err := userfile.Lock(t.Context(), filepath.Join(top, "root/.docker/new/lock"))
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	if err := f.Remove(); err != nil {
		t.Error(err)
	}
	for path, owner := range ownersOf(t, filepath.Join(top, "root/.docker")) {
		if owner != alice {
			t.Errorf("%s belongs to %d", path, owner)
		}
	}
}

// TestRootReadsOnlyFilesOfTheUser checks that another user who replaces names cannot make root read a file that this
// user cannot read.
func TestRootReadsOnlyFilesOfTheUser(t *testing.T) {
	for name, tt := range map[string]struct {
		dir    string // where the user replaces swap by a link to target
		mode   os.FileMode
		swap   string
		target string
	}{
		"via /proc/self/cwd":           {"home", 0o755, ".docker", "/proc/self/cwd"},
		"a file via /proc/self/cwd":    {"home/.docker", 0o755, "config.json", "/proc/self/cwd/config.json"},
		"in a public directory":        {"public", os.ModeSticky | 0o777, "config.json", "closed/open/config.json"},
		"in a public directory, below": {"public", os.ModeSticky | 0o777, ".docker", "closed/open"},
	} {
		t.Run(name, func(t *testing.T) {
			a := swaptest.New(t)
			top := filepath.Dir(a.Home)
			dir := filepath.Join(top, tt.dir)
			path := filepath.Join(dir, tt.swap)
			public := filepath.Join(top, "public")
			open := filepath.Join(public, "closed/open")
			if err := errorsOf(os.MkdirAll(open, 0o755), os.Chmod(filepath.Dir(open), 0o700), os.Chmod(public, 0o755),
				os.MkdirAll(dir, 0o755)); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(open, "config.json"), "closed")
			config := path
			if tt.swap == ".docker" {
				config = filepath.Join(path, "config.json")
				if err := os.Mkdir(path, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			write(t, config, "user's")
			owner := swaptest.UID
			if dir == public {
				owner = 0
			}
			if err := errorsOf(os.Chmod(filepath.Join(open, "config.json"), 0o644), os.Chown(config, swaptest.UID, swaptest.UID),
				os.Chown(path, swaptest.UID, swaptest.UID), os.Chown(dir, owner, owner), os.Chmod(dir, tt.mode)); err != nil {
				t.Fatal(err)
			}
			t.Chdir(open)
			a.Attack(swaptest.Swapped, dir, tt.swap, tt.target)
			times := 0
			a.Survive(20_000, 1500*time.Millisecond, func(int) {
				f, err := userfile.Read(config)
				if err != nil {
					return
				}
				if f.Exists() {
					times++
				}
				if string(f.Content) == "closed" {
					t.Fatal("root has read a file that the user cannot read")
				}
			})
			t.Logf("read %d times", times)
		})
	}
}

// TestReplaceKeepsTheOwnerThatWasRead checks that another user cannot take over a file of root between Read and Replace.
func TestReplaceKeepsTheOwnerThatWasRead(t *testing.T) {
	top := tree(t, "0 777 public/", "0 600 public/config.json", "12345 666 public/theirs")
	path := filepath.Join(top, "public/config.json")
	f := read(t, path)
	if err := os.Rename(filepath.Join(top, "public/theirs"), path); err != nil {
		t.Fatal(err)
	}
	if err := f.Replace([]byte("new")); !errors.Is(err, userfile.ErrChanged) {
		t.Errorf("got %v", err)
	}
	holds(t, path, "old")
}
