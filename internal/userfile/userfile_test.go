package userfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ecrlogin/internal/userfile"
)

func read(t *testing.T, path string) *userfile.File {
	t.Helper()
	f, err := userfile.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// holds checks the content of a file.
func holds(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", path, got, err, want)
	}
}

// names lists a directory, to check that no file is left.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.json")
	write(t, path, "old")
	f := read(t, path)
	for _, content := range []string{"new", "newer", ""} {
		if err := f.Replace([]byte(content)); err != nil {
			t.Fatal(err)
		}
		holds(t, path, content)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"config.json"}) {
		t.Errorf("the directory contains %q", got)
	}
	if err := f.Remove(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("the directory contains %q", got)
	}
	if err := f.Remove(); err != nil {
		t.Errorf("removing a missing file: %v", err)
	}
}

// TestChangedMeanwhile checks that a change between Read and Replace is not lost.
func TestChangedMeanwhile(t *testing.T) {
	tests := []struct {
		name   string
		before bool // whether there is a file
		change func(path string) error
	}{
		{"written", true, func(path string) error { return os.WriteFile(path, []byte("theirs"), 0o600) }},
		{"removed", true, os.Remove},
		{"made", false, func(path string) error { return os.WriteFile(path, []byte("theirs"), 0o600) }},
		{"made empty", false, func(path string) error { return os.WriteFile(path, nil, 0o600) }},
		{"replaced by a directory", true, func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "config.json")
			if tt.before {
				write(t, path, "old")
			}
			f := read(t, path)
			if err := tt.change(path); err != nil {
				t.Fatal(err)
			}
			after := names(t, dir)
			for what, err := range map[string]error{"replace": f.Replace([]byte("ours")), "remove": f.Remove()} {
				if err == nil || tt.name != "replaced by a directory" && !errors.Is(err, userfile.ErrChanged) {
					t.Errorf("%s: %v", what, err)
				}
			}
			if got := names(t, dir); !slices.Equal(got, after) {
				t.Errorf("the directory contains %q, want %q", got, after)
			}
			if b, err := os.ReadFile(path); err == nil && string(b) == "ours" {
				t.Error("the change of another program is lost")
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.json")
	write(t, path, strings.Repeat(" ", 10<<20))
	_, err := userfile.Read(path)
	if want := path + ": too large for a configuration (10485760 bytes, limit 1048576); check its contents"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	_, err = userfile.Read(dir)
	if want := dir + ": not a regular file, but a directory; replace it with a file"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestReadOnlyFile checks that Replace respects a read-only file, although a rename over it would work.
func TestReadOnlyFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.json")
	write(t, path, "old")
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	err := read(t, path).Replace([]byte("new"))
	if want := path + ": is read-only, so nothing was written; if it may be changed, make it writable: chmod u+w " + path; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	holds(t, path, "old")
}

func TestBackup(t *testing.T) {
	dir := t.TempDir()
	path, backup := filepath.Join(dir, "config.json"), filepath.Join(dir, "backup")
	write(t, path, "old")
	f := read(t, path)
	if err := f.Backup(backup); err != nil {
		t.Fatal(err)
	}
	holds(t, backup, "old")
	write(t, backup, "kept")
	if err := f.Backup(backup); err == nil || !strings.Contains(err.Error(), "not overwritten") {
		t.Errorf("over another file: %v", err)
	}
	holds(t, backup, "kept")
	if got := names(t, dir); !slices.Equal(got, []string{"backup", "config.json"}) {
		t.Errorf("the directory contains %q", got)
	}
}

func TestDiff(t *testing.T) {
	tests := []struct{ name, before, after, want string }{
		{"nothing", "a\n", "a\n", ""},
		{"a line", "a\nb\n", "a\nc\n", "--- F\n+++ F\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"},
	}
	for _, tt := range tests {
		if got := userfile.Diff("F", []byte(tt.before), []byte(tt.after)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if got, want := userfile.Diff("F", nil, []byte("a\n")), "--- "+os.DevNull+"\n+++ F\n@@ -0,0 +1,1 @@\n+a\n"; got != want {
		t.Errorf("a new file: %q, want %q", got, want)
	}
}

// TestWritePublicFile checks that the file is replaced, and that other users can read it. Its directory
// is not created.
func TestWritePublicFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ecr_login.prom")
	for _, text := range []string{"a 1\n", "b 2\n"} {
		if err := userfile.WritePublic(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || filepath.Separator == '/' && info.Mode() != 0o644 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("%d files, %v", len(files), err)
	}
	missing := filepath.Join(dir, "none", "ecr_login.prom")
	if err := userfile.WritePublic(missing, nil); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), missing+": cannot be replaced in ") {
		t.Errorf("got %v", err)
	}
}
