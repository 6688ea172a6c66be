package atomicfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"ecrlogin/internal/atomicfile"
)

func openRoot(t *testing.T, path string) *os.Root {
	t.Helper()
	dir, err := os.OpenRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	return dir
}

func names(t *testing.T, path string) []string {
	t.Helper()
	entries, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestTemp(t *testing.T) {
	path := t.TempDir()
	dir := openRoot(t, path)
	for _, content := range []string{"first", "second"} {
		temp, err := atomicfile.Create(dir, "file.", ".tmp")
		if err != nil {
			t.Fatal(err)
		}
		if got := names(t, path); len(got[len(got)-1]) != len("file.0123456789abcdef.tmp") {
			t.Errorf("the directory contains %q", got)
		}
		if _, err := temp.WriteString(content); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(temp.Finish(0o640, nil), temp.Rename("file")); err != nil {
			t.Fatal(err)
		}
		temp.Discard()
		if got, err := os.ReadFile(filepath.Join(path, "file")); err != nil || string(got) != content {
			t.Errorf("got %q, %v", got, err)
		}
	}
	temp, err := atomicfile.Create(dir, "file.", ".tmp")
	if err != nil {
		t.Fatal(err)
	}
	temp.Discard()
	if got := names(t, path); !slices.Equal(got, []string{"file"}) {
		t.Errorf("the directory contains %q", got)
	}
}

// TestTempThatCannotBeRenamed checks that Discard removes a file that could not be renamed.
func TestTempThatCannotBeRenamed(t *testing.T) {
	path := t.TempDir()
	if err := os.Mkdir(filepath.Join(path, "file"), 0o700); err != nil {
		t.Fatal(err)
	}
	temp, err := atomicfile.Create(openRoot(t, path), "file.", ".tmp")
	if err != nil {
		t.Fatal(err)
	}
	if err := temp.Rename("file"); err == nil {
		t.Error("a directory was replaced")
	}
	temp.Discard()
	if got := names(t, path); !slices.Equal(got, []string{"file"}) {
		t.Errorf("the directory contains %q", got)
	}
}

func TestOpenLock(t *testing.T) {
	path := t.TempDir()
	dir := openRoot(t, path)
	var infos []fs.FileInfo
	for range 2 {
		f, err := atomicfile.OpenLock(dir, "lock")
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		infos = append(infos, info)
		f.Close()
	}
	if !os.SameFile(infos[0], infos[1]) {
		t.Error("the second lock is another file")
	}
	if err := os.Mkdir(filepath.Join(path, "directory"), 0o700); err != nil {
		t.Fatal(err)
	}
	var unsafe *atomicfile.UnsafeError
	if _, err := atomicfile.OpenLock(dir, "directory"); !errors.As(err, &unsafe) {
		t.Errorf("got %v", err)
	}
}

func TestPrivate(t *testing.T) {
	top := t.TempDir()
	path := filepath.Join(top, "a", "b")
	if _, err := atomicfile.OpenPrivate(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	for range 2 {
		dir, err := atomicfile.MakePrivate(path)
		if err != nil {
			t.Fatal(err)
		}
		defer dir.Close()
		if err := dir.WriteFile("file", []byte("12345678"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := atomicfile.ReadPrivate(dir, "file", 8); err != nil || string(got) != "12345678" {
			t.Errorf("got %q, %v", got, err)
		}
		if _, err := atomicfile.ReadPrivate(dir, "file", 7); err == nil {
			t.Error("a file that is too large was read")
		}
		if _, err := atomicfile.ReadPrivate(dir, "none", 7); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := atomicfile.OpenPrivate(filepath.Join(path, "file", "below")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("below a file: %v", err)
	}
	if _, err := atomicfile.MakePrivate(filepath.Join(path, "file")); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file: %v", err)
	}
	var unsafe *atomicfile.UnsafeError
	if _, err := atomicfile.MakePrivate("relative"); !errors.As(err, &unsafe) || err.Error() != "relative is a relative path" {
		t.Errorf("got %v", err)
	}
}

// TestRemoveAbandoned checks that temporary files of killed processes are removed, and nothing else.
func TestRemoveAbandoned(t *testing.T) {
	path := t.TempDir()
	dir := openRoot(t, path)
	locked, err := atomicfile.Create(dir, "file.", ".tmp")
	if err != nil {
		t.Fatal(err)
	}
	defer locked.Discard()
	locked.Lock()
	kept := []string{
		"file.", "file..tmp", "file.0123456789abcde.tmp", "file.0123456789abcdeg.tmp", "file.0123456789abcdef0.tmp",
		"file.0123456789abcdef", "other.0123456789abcdef.tmp", filepath.Base(locked.Name()),
	}
	for _, name := range append(kept[:len(kept)-1:len(kept)-1], "file.0123456789abcdef.tmp", "file.fedcba9876543210.tmp") {
		if err := dir.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := dir.Mkdir("file.0000000000000000.tmp", 0o700); err != nil {
		t.Fatal(err)
	}
	kept = append(kept, "file.0000000000000000.tmp")
	if err := atomicfile.RemoveAbandoned(dir, "file.", ".tmp"); err != nil {
		t.Fatal(err)
	}
	slices.Sort(kept)
	if got := names(t, path); !slices.Equal(got, kept) {
		t.Errorf("the directory contains %q, want %q", got, kept)
	}
	if err := locked.Rename("file"); err != nil {
		t.Error(err)
	}
}
