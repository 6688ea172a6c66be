package file_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"ecrlogin/refresh"
	"ecrlogin/refresh/file"
)

// TestUnchanged checks that a password is written again only if others have changed the file.
func TestUnchanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pass")
	target := file.NewPassword(file.Options{Path: path, Login: login(t, host)})
	mustApply(t, target, "password")
	before := stat(t, path)
	mustApply(t, target, "password")
	if !os.SameFile(before, stat(t, path)) {
		t.Error("an unchanged password was written again")
	}
	for name, change := range map[string]func() error{
		"deleted":   func() error { return os.Remove(path) },
		"edited":    func() error { return os.WriteFile(path, []byte("passworD"), 0o600) },
		"appended":  func() error { return os.WriteFile(path, []byte("password\n"), 0o600) },
		"truncated": func() error { return os.Truncate(path, 0) },
		"large":     func() error { return os.Truncate(path, 1<<30) },
	} {
		must(t, change())
		mustApply(t, target, "password")
		contains(t, path, "password")
		only(t, filepath.Dir(path), "pass")
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// TestWrongPath checks the errors for paths to which no file can be written.
func TestWrongPath(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "directory"), 0o755))
	write(t, filepath.Join(dir, "file"), "content", 0o600)
	for name, tt := range map[string]struct{ path, want string }{
		"missing directory": {"none/pass", "DIR/none/pass: the directory DIR/none does not exist; mount the volume there, or create the directory"},
		"directory":         {"directory", "DIR/directory: is a directory; specify the path of a file; a volume must be mounted at the directory that contains it"},
		"below a file":      {"file/pass", "DIR/file/pass: DIR/file is not a directory; correct the path"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, filepath.FromSlash(tt.path))
			want := filepath.FromSlash(tt.want)
			wantError(t, file.NewPassword(file.Options{Path: path, Login: login(t, host)}), dir, want)
			wantError(t, file.NewDockerConfig(file.Options{Path: path, Login: login(t, host)}), dir, want)
			only(t, dir, "directory", "file")
		})
	}
	contains(t, filepath.Join(dir, "file"), "content")
}

// TestLink checks that a link to the file stays a link, and that the temporary file is in the directory of its target.
func TestLink(t *testing.T) {
	dir := t.TempDir()
	path, real := filepath.Join(dir, "link"), filepath.Join(dir, "real")
	must(t, os.Mkdir(real, 0o755))
	if err := os.Symlink(filepath.Join("real", "pass"), path); err != nil {
		t.Skip("no links:", err)
	}
	target := file.NewPassword(file.Options{Path: path, Login: login(t, host)})
	for _, password := range []string{"new", "newer"} {
		mustApply(t, target, password)
		contains(t, filepath.Join(real, "pass"), password)
		only(t, real, "pass")
		if stat(t, path).Mode()&fs.ModeSymlink == 0 {
			t.Error("the link was replaced")
		}
	}
	must(t, os.RemoveAll(real))
	wantError(t, target, dir, filepath.FromSlash("DIR/link: the directory DIR/real does not exist; mount the volume there, or create the directory"))
	must(t, os.Remove(path), os.Symlink("link", path))
	wantError(t, target, dir, filepath.FromSlash("DIR/link: cannot be written: it points to itself; check the path"))
}

// TestNoPassword checks that no empty file is written.
func TestNoPassword(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pass")
	target := file.NewPassword(file.Options{Path: path, Login: login(t, host)})
	other := login(t, "210987654321.dkr.ecr.us-west-2.amazonaws.com")
	for name, c := range map[string][]refresh.Credential{
		"none": nil, "empty": {credential(target.Logins()[0], "")}, "another login": {credential(other, "password")},
	} {
		want := path + ": not written: there is no password of " + host + "; see the error of this login"
		if err := target.Apply(t.Context(), c); err == nil || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", name, err, want)
		}
	}
	only(t, filepath.Dir(path))
}

// TestStopped checks that nothing is written after the context is done.
func TestStopped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pass")
	target := file.NewPassword(file.Options{Path: path, Login: login(t, host)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		err := target.Apply(ctx, []refresh.Credential{credential(target.Logins()[0], "password")})
		if want := path + ": not written: context canceled; it will be tried again"; err == nil || err.Error() != want || !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, want %s", err, want)
		}
	}
	only(t, filepath.Dir(path))
}

// TestConcurrentApply checks that targets with the same file do not disturb each other.
func TestConcurrentApply(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pass")
	l := login(t, host)
	one := file.NewPassword(file.Options{Path: path, Login: l})
	var all sync.WaitGroup
	for i := range 50 {
		target := one
		if i%2 == 0 {
			target = file.NewPassword(file.Options{Path: path, Login: l})
		}
		all.Go(func() {
			if err := apply(t, target, "password"+strings.Repeat("x", i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	only(t, filepath.Dir(path), "pass")
}

// TestRelativePath checks that a relative path stays the same file after the working directory changes.
func TestRelativePath(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	target := file.NewPassword(file.Options{Path: "pass", Login: login(t, host)})
	t.Chdir(t.TempDir())
	mustApply(t, target, "password")
	contains(t, filepath.Join(dir, "pass"), "password")
	if want := filepath.Join(dir, "pass"); target.Name() != want {
		t.Errorf("name %q, want %q", target.Name(), want)
	}
}
