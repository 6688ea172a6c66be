//go:build unix

package userfile_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"ecrlogin/internal/userfile"
)

func symlink(t *testing.T, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
}

// TestLinks checks that Replace writes to the target of a link and keeps the link.
func TestLinks(t *testing.T) {
	tests := []struct {
		name   string
		links  [][2]string // path and target
		target string
		exists bool
	}{
		{"beside", [][2]string{{"home/config.json", "real.json"}}, "home/real.json", true},
		{"to another directory", [][2]string{{"home/config.json", "../dotfiles/docker.json"}}, "dotfiles/docker.json", true},
		{"from link to link", [][2]string{{"home/config.json", "../dotfiles/a"}, {"dotfiles/a", "b"}}, "dotfiles/b", true},
		{"dangling", [][2]string{{"home/config.json", "../dotfiles/docker.json"}}, "dotfiles/docker.json", false},
		{"dangling into a missing directory", [][2]string{{"home/config.json", "../missing/x/docker.json"}}, "missing/x/docker.json", false},
		{"the directory is a link", [][2]string{{"home", "dotfiles"}}, "dotfiles/config.json", true},
		{"the directory is a dangling link", [][2]string{{"home", "missing"}}, "missing/config.json", false},
		{".. after a link to a directory", [][2]string{{"home/there", "../dotfiles/deep"}, {"home/config.json", "there/../docker.json"}}, "dotfiles/docker.json", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, err := filepath.EvalSymlinks(t.TempDir()) // it contains a link on macOS
			if err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Join(dir, "dotfiles/deep"), 0o700); err != nil {
				t.Fatal(err)
			}
			if tt.links[0][0] != "home" {
				if err := os.Mkdir(filepath.Join(dir, "home"), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			for _, l := range tt.links {
				symlink(t, l[1], filepath.Join(dir, l[0]))
			}
			target := filepath.Join(dir, tt.target)
			if tt.exists {
				write(t, target, "old")
			}
			f := read(t, filepath.Join(dir, "home/config.json"))
			if f.Target != target || f.Exists() != tt.exists {
				t.Fatalf("leads to %s, which exists: %v; want %s, %v", f.Target, f.Exists(), target, tt.exists)
			}
			if err := f.Replace([]byte("new")); err != nil {
				t.Fatal(err)
			}
			holds(t, target, "new")
			for _, l := range tt.links {
				if to, err := os.Readlink(filepath.Join(dir, l[0])); to != l[1] {
					t.Errorf("%s leads to %q, %v; want %q", l[0], to, err, l[1])
				}
			}
		})
	}
}

func TestLinkToItself(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	symlink(t, "config.json", path)
	_, err := userfile.Read(path)
	if want := path + ": the link cannot be followed: it points to itself; correct the link"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestLinkTurnedMeanwhile checks that a link with another target is reported as a changed file.
func TestLinkTurnedMeanwhile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.json")
	write(t, filepath.Join(dir, "a"), "same")
	write(t, filepath.Join(dir, "b"), "same")
	symlink(t, "a", path)
	f := read(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	symlink(t, "b", path)
	if err := f.Replace([]byte("new")); err == nil || !strings.Contains(err.Error(), "changed by another program after it was read") {
		t.Errorf("got %v", err)
	}
	holds(t, filepath.Join(dir, "a"), "same")
	holds(t, filepath.Join(dir, "b"), "same")
}

func TestModes(t *testing.T) {
	dir := t.TempDir()
	for _, mode := range []os.FileMode{0o600, 0o640, 0o644} {
		path, backup := filepath.Join(dir, "f"), filepath.Join(dir, "backup")
		write(t, path, "old")
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		f := read(t, path)
		if err := f.Backup(backup); err != nil {
			t.Fatal(err)
		}
		if err := f.Replace([]byte("new")); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{path, backup} {
			if info, err := os.Stat(path); err != nil || info.Mode() != mode {
				t.Errorf("%s has mode %v, %v; want %v", path, info.Mode(), err, mode)
			}
			os.Remove(path)
		}
	}
	if err := read(t, filepath.Join(dir, "a/b/new")).Replace([]byte("new")); err != nil {
		t.Fatal(err)
	}
	public := read(t, filepath.Join(dir, "c/d/new"))
	public.Public = true
	if err := public.Replace([]byte("new")); err != nil {
		t.Fatal(err)
	}
	for path, mode := range map[string]os.FileMode{"a": 0o700, "a/b": 0o700, "a/b/new": 0o600, "c": 0o755, "c/d": 0o755, "c/d/new": 0o644} {
		if info, err := os.Stat(filepath.Join(dir, path)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s has mode %v, %v; want %v", path, info.Mode(), err, mode)
		}
	}
}

// TestReadRefusesAPipe checks that Read does not wait for a pipe.
func TestReadRefusesAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := userfile.Read(path)
	if want := path + ": not a regular file, but a pipe, socket or device; replace it with a file"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestReadOnlyDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "docker")
	path := filepath.Join(dir, "config.json")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, path, "old")
	if err := errorsOf(os.Chmod(filepath.Dir(filepath.Dir(dir)), 0o755), os.Chmod(path, 0o644), os.Chmod(dir, 0o555)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o700) })
	as(t, func() {
		f, err := userfile.Read(path)
		if err != nil {
			t.Error(err)
			return
		}
		want := path + ": cannot be replaced in " + dir + ": permission denied; nothing was written; check the owner and mode of that directory, and whether its disk is full or read-only"
		if err := f.Replace([]byte("new")); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		if err := f.Backup(path + ".backup"); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		if err := f.Remove(); err == nil || !strings.HasPrefix(err.Error(), path+": cannot be removed: permission denied; ") {
			t.Errorf("got %v", err)
		}
	})
	holds(t, path, "old")
	if got := names(t, dir); !slices.Equal(got, []string{"config.json"}) {
		t.Errorf("the directory contains %q", got)
	}
}

func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.json")
	write(t, path, "old")
	if err := errorsOf(os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(path, 0)); err != nil {
		t.Fatal(err)
	}
	as(t, func() {
		_, err := userfile.Read(path)
		if want := path + ": cannot be read: permission denied; check its owner and mode"; err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	})
}

// TestBackupIsPrivate checks that only the owner can write to a backup.
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

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
