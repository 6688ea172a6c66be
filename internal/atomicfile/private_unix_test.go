//go:build unix

package atomicfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ecrlogin/internal/atomicfile"
	"ecrlogin/internal/swaptest"
)

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// TestNotPrivate checks that a private directory is not a link, also with a trailing separator, and that other users
// cannot write to it or replace it.
func TestNotPrivate(t *testing.T) {
	for name, tt := range map[string]struct {
		make func(path string) error
		want string
	}{
		"link":            {func(path string) error { return os.Symlink(filepath.Dir(path), path) }, "PATH is a link"},
		"group":           {func(path string) error { return errors.Join(os.Mkdir(path, 0o700), os.Chmod(path, 0o770)) }, "PATH can be written to by others"},
		"others":          {func(path string) error { return errors.Join(os.Mkdir(path, 0o700), os.Chmod(path, 0o702)) }, "PATH can be written to by others"},
		"another user's":  {func(path string) error { return errors.Join(os.Mkdir(path, 0o700), chown(path)) }, "PATH belongs to another user"},
		"in another's":    {func(path string) error { return errors.Join(os.Mkdir(path, 0o700), chown(filepath.Dir(path))) }, "DIR belongs to another user"},
		"none in another": {func(path string) error { return chown(filepath.Dir(path)) }, "DIR belongs to another user"},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(name, "another") && os.Geteuid() != 0 {
				t.Skip("only root can make a directory of another user")
			}
			dir := t.TempDir()
			path := filepath.Join(dir, "private")
			must(t, tt.make(path))
			want := strings.NewReplacer("PATH", path, "DIR", dir).Replace(tt.want)
			for _, suffix := range []string{"", "/", "//", "/.", "/./", "/x/.."} {
				var unsafe *atomicfile.UnsafeError
				if _, err := atomicfile.MakePrivate(path + suffix); !errors.As(err, &unsafe) || err.Error() != want {
					t.Errorf("%q: got %v, want %s", suffix, err, want)
				}
			}
			if name == "none in another" {
				if _, err := os.Lstat(path); err == nil {
					t.Error("it was created")
				}
			}
		})
	}
}

func chown(path string) error { return os.Chown(path, swaptest.UID, swaptest.UID) }

// TestPrivateBehindALink checks that root follows its own links to a private directory, but not those of other users.
func TestPrivateBehindALink(t *testing.T) {
	top := t.TempDir()
	must(t, os.Mkdir(filepath.Join(top, "real"), 0o700), os.Symlink("real", filepath.Join(top, "link")))
	dir, err := atomicfile.MakePrivate(filepath.Join(top, "link", "a", "private"))
	if err != nil {
		t.Fatal(err)
	}
	dir.Close()
	if _, err := os.Stat(filepath.Join(top, "real", "a", "private")); err != nil {
		t.Error(err)
	}
	if os.Geteuid() != 0 {
		return
	}
	must(t, os.Lchown(filepath.Join(top, "link"), swaptest.UID, swaptest.UID))
	if _, err := atomicfile.MakePrivate(filepath.Join(top, "link", "a", "private")); err == nil || err.Error() != filepath.Join(top, "link")+" belongs to another user" {
		t.Errorf("by another user's link: %v", err)
	}
	if !atomicfile.Foreign(filepath.Join(top, "link", "a")) || atomicfile.Foreign(filepath.Join(top, "real", "none", "x")) {
		t.Error("Foreign is wrong")
	}
}

func TestReadPrivateRefuses(t *testing.T) {
	path := t.TempDir()
	dir := openRoot(t, path)
	file := func(name string) string { return filepath.Join(path, name) }
	must(t, dir.WriteFile("file", nil, 0o600), dir.WriteFile("writable", nil, 0o600), dir.Chmod("writable", 0o620),
		os.Symlink("file", file("link")), syscall.Mkfifo(file("pipe"), 0o600))
	want := map[string]string{"link": "link is a link", "pipe": "pipe is not a regular file", "writable": "writable can be written to by others"}
	if os.Geteuid() == 0 {
		must(t, dir.WriteFile("theirs", nil, 0o600), chown(file("theirs")))
		want["theirs"] = "theirs belongs to another user"
	}
	for name, want := range want {
		var unsafe *atomicfile.UnsafeError
		if _, err := atomicfile.ReadPrivate(dir, name, 10); !errors.As(err, &unsafe) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestPrivateOfRootIsNotRedirected checks that root creates private directories only at their path.
func TestPrivateOfRootIsNotRedirected(t *testing.T) {
	for name, path := range map[string]string{"in another user's directory": "home/new/a/b", "in a public directory": "public/new/a/b"} {
		t.Run(name, func(t *testing.T) {
			a := swaptest.New(t)
			top := filepath.Dir(a.Home)
			public := filepath.Join(top, "public")
			must(t, os.Mkdir(public, 0o777), os.Chmod(public, 0o777))
			parent := filepath.Dir(filepath.Dir(filepath.Dir(filepath.Join(top, path))))
			a.Attack(swaptest.Symlink, parent, "new", a.Dir)
			a.Attack(swaptest.Missing, parent, "new", a.Dir)
			a.Survive(2000, time.Second, func(int) {
				if dir, err := atomicfile.MakePrivate(filepath.Join(top, path)); err == nil {
					dir.Close()
				}
				os.RemoveAll(filepath.Join(parent, "new"))
			})
		})
	}
}

// TestPrivateOfRootIsNotElsewhere checks that root does not use another directory of its own as the private one.
func TestPrivateOfRootIsNotElsewhere(t *testing.T) {
	a := swaptest.New(t)
	public := filepath.Join(filepath.Dir(a.Home), "public")
	must(t, os.Mkdir(public, 0o777), os.Chmod(public, 0o777), os.Mkdir(filepath.Join(a.Dir, "private"), 0o700))
	a.Attack(swaptest.Missing, public, "new", a.Dir)
	for began := time.Now(); time.Since(began) < time.Second; {
		if dir, err := atomicfile.OpenPrivate(filepath.Join(public, "new", "private")); err == nil {
			dir.Close()
			t.Fatal("root followed a link of another user")
		}
	}
}

func BenchmarkOpenPrivate(b *testing.B) {
	path := filepath.Join(b.TempDir(), "a", "b")
	for b.Loop() {
		dir, err := atomicfile.MakePrivate(path)
		if err != nil {
			b.Fatal(err)
		}
		dir.Close()
	}
}

// TestShared checks which directories and links root uses with its own rights.
func TestShared(t *testing.T) {
	top := t.TempDir()
	theirs := filepath.Join(top, "theirs")
	must(t, os.MkdirAll(filepath.Join(theirs, "ours"), 0o755), os.Symlink("theirs/ours", filepath.Join(top, "link")),
		os.Symlink("ours", filepath.Join(theirs, "link")), os.WriteFile(filepath.Join(theirs, "ours", "file"), nil, 0o600),
		os.Link(filepath.Join(theirs, "ours", "file"), filepath.Join(theirs, "ours", "hard")))
	want := map[string]string{"link/new": "", "theirs/ours/new": "", "theirs/link/new": ""}
	if os.Geteuid() == 0 {
		must(t, chown(theirs), os.Lchown(filepath.Join(theirs, "link"), swaptest.UID, swaptest.UID))
		want["theirs/link/new"] = filepath.Join(theirs, "link") + " is a link of another user"
		want["theirs/ours/hard"] = filepath.Join(theirs, "ours", "hard") + " has several hard links"
	}
	for path, want := range want {
		err := atomicfile.Shared(filepath.Join(top, path), func(p *atomicfile.Place) error {
			dir, err := p.MakeDir(0)
			if err != nil {
				return err
			}
			if p.Name() == "hard" {
				_, err := p.Open()
				return err
			}
			temp, err := atomicfile.Create(dir, "", "")
			if err != nil {
				return err
			}
			defer temp.Discard()
			return temp.Rename(p.Name())
		})
		if err == nil && want != "" || err != nil && err.Error() != want {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
		if _, err := os.Lstat(filepath.Join(theirs, "ours", "new")); err == nil != (want == "") {
			t.Errorf("%s: written: %v", path, err == nil)
		}
		os.Remove(filepath.Join(theirs, "ours", "new"))
	}
}
