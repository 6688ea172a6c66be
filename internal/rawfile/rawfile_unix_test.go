//go:build unix

package rawfile_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"ecrlogin/internal/rawfile"
)

// Read returns the same as os.ReadFile, including errors.
func TestRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file := write("file", []byte("content"))
	for _, path := range []string{
		file, write("empty", nil), write("large", bytes.Repeat([]byte("0123456789"), 100_000)),
		dir, filepath.Join(dir, "none"), filepath.Join(file, "below"), os.DevNull, "/proc/self/status", "", "a\x00b",
	} {
		got, err := rawfile.Read(path)
		want, wantErr := os.ReadFile(path)
		if path == "/proc/self/status" && err == nil {
			got, want = got[:5], want[:5] // the rest changes
		}
		if !bytes.Equal(got, want) || (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
			t.Errorf("%q: %d bytes and %v, want %d and %v", path, len(got), err, len(want), wantErr)
		}
	}
}

// ReadLimited reads regular files, also via links, up to the limit. It does not wait for a pipe.
func TestReadLimited(t *testing.T) {
	dir := t.TempDir()
	file, link, pipe := filepath.Join(dir, "file"), filepath.Join(dir, "link"), filepath.Join(dir, "pipe")
	if err := os.WriteFile(file, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, link} {
		if b, err := rawfile.ReadLimited(path, 7); err != nil || string(b) != "content" {
			t.Errorf("%s: %q, %v", path, b, err)
		}
	}
	for path, limit := range map[string]int{file: 6, pipe: 7, dir: 7, "/dev/zero": 7} {
		if b, err := rawfile.ReadLimited(path, limit); !errors.Is(err, rawfile.ErrLimit) {
			t.Errorf("%s: %q, %v", path, b, err)
		}
	}
	if _, err := rawfile.ReadLimited(filepath.Join(dir, "none"), 7); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// ReadSame reads only the file that was examined.
func TestReadSame(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "file"), filepath.Join(dir, "other")
	for _, p := range []string{path, other} {
		if err := os.WriteFile(p, []byte("content of "+p), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if b, ok := rawfile.ReadSame(path, info); !ok || string(b) != "content of "+path {
		t.Errorf("ReadSame = %q, %v", b, ok)
	}
	for what, replace := range map[string]func() error{
		"none":         func() error { return nil },
		"another file": func() error { return os.Link(other, path) },
		"a link":       func() error { return os.Symlink(other, path) },
		"a pipe":       func() error { return syscall.Mkfifo(path, 0o600) },
		"a directory":  func() error { return os.Mkdir(path, 0o700) },
	} {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if err := replace(); err != nil {
			t.Fatal(err)
		}
		if b, ok := rawfile.ReadSame(path, info); ok {
			t.Errorf("%s: ReadSame = %q", what, b)
		}
		if now, err := os.Lstat(path); err == nil && !now.Mode().IsRegular() {
			if b, ok := rawfile.ReadSame(path, now); ok {
				t.Errorf("%s: ReadSame of itself = %q", what, b)
			}
		}
	}
}
