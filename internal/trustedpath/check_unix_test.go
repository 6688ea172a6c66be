//go:build unix

package trustedpath_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/trustedpath"
)

// stranger is neither root nor the user that runs the tests.
const stranger = 12345

// tree creates files in a directory that only the user can write to: directories end in "/", links have a target, and
// all others are files.
func tree(t *testing.T, paths ...string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		name, target, link := strings.Cut(p, " -> ")
		at := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		switch {
		case link:
			err = os.Symlink(strings.ReplaceAll(target, "ROOT", root), at)
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(at, 0o755)
		default:
			err = os.WriteFile(at, nil, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestCheck(t *testing.T) {
	paths := []string{
		"bin/program", "bin/link -> program", "bin/out -> ../other/program", "bin/abs -> ROOT/other/program", "bin/gone -> absent", "bin/loop -> loop",
		"other/program", "way -> other", "chain -> way", "sticky/program", "sticky/sub/program", "sticky/link -> ../other/program",
	}
	for _, tt := range []struct {
		name   string
		path   string
		chmod  string // a path that gets the mode below
		mode   fs.FileMode
		chown  string // a path to give to the stranger; requires root
		fault  string // the unsafe path; "" for none
		reason string
	}{
		{name: "file", path: "bin/program"},
		{name: "directory", path: "bin"},
		{name: "not clean", path: "bin//./../bin/program/"},
		{name: "links", path: "bin/link"},
		{name: "out", path: "bin/out"},
		{name: "absolute", path: "bin/abs"},
		{name: "chain", path: "chain/program"},
		{"file writable by group", "bin/program", "bin/program", 0o775, "", "bin/program", "is writable by others than its owner (-rwxrwxr-x)"},
		{"file writable by all", "bin/program", "bin/program", 0o757, "", "bin/program", "is writable by others than its owner (-rwxr-xrwx)"},
		{"directory writable", "bin/program", "bin", 0o777, "", "bin", "is writable by others than its owner (drwxrwxrwx)"},
		{"target of a link", "bin/out", "other/program", 0o777, "", "other/program", "is writable by others"},
		{"directory of a link target", "bin/out", "other", 0o775, "", "other", "is writable by others"},
		{"directory of an absolute link target", "bin/abs", "other", 0o775, "", "other", "is writable by others"},
		{"directory after a chain of links", "chain/program", "other", 0o775, "", "other", "is writable by others"},
		{"directory with the link", "bin/out", "bin", 0o777, "", "bin", "is writable by others"},
		{"directory left via dots", "bin/../other/program", "bin", 0o777, "", "bin", "is writable by others"},
		{"own file in a sticky directory", "sticky/program", "sticky", 0o777 | fs.ModeSticky, "", "", ""},
		{"own directory in a sticky one", "sticky/sub/program", "sticky", 0o777 | fs.ModeSticky, "", "", ""},
		{"own link in a sticky directory", "sticky/link", "sticky", 0o777 | fs.ModeSticky, "", "", ""},
		{"sticky directory itself", "sticky", "sticky", 0o777 | fs.ModeSticky, "", "sticky", "is writable by others than its owner (dtrwxrwxrwx)"},
		{"sticky file", "bin/program", "bin/program", 0o777 | fs.ModeSticky, "", "bin/program", "is writable by others"},
		{"another's file", "bin/program", "", 0, "bin/program", "bin/program", "belongs to user 12345"},
		{"another's directory", "bin/program", "", 0, "bin", "bin", "belongs to user 12345"},
		{"another's link", "bin/link", "", 0, "bin/link", "bin/link", "is a symbolic link of user 12345"},
		{"another's link on the way", "chain/program", "", 0, "way", "way", "is a symbolic link of user 12345"},
		{"another's file as link target", "bin/abs", "", 0, "other/program", "other/program", "belongs to user 12345"},
		{"another's file in a sticky directory", "sticky/program", "sticky", 0o777 | fs.ModeSticky, "sticky/program", "sticky/program", "belongs to user 12345"},
		{"another's directory in a sticky one", "sticky/sub/program", "sticky", 0o777 | fs.ModeSticky, "sticky/sub", "sticky/sub", "belongs to user 12345"},
		{"another's link in a sticky directory", "sticky/link", "sticky", 0o777 | fs.ModeSticky, "sticky/link", "sticky/link", "is a symbolic link of user 12345"},
		{"another's sticky directory", "sticky/program", "sticky", 0o777 | fs.ModeSticky, "sticky", "sticky", "belongs to user 12345"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := tree(t, paths...)
			if tt.chown != "" {
				if os.Geteuid() != 0 {
					t.Skip("only root can give files away")
				}
				if err := os.Lchown(filepath.Join(root, tt.chown), stranger, stranger); err != nil {
					t.Fatal(err)
				}
			}
			if tt.chmod != "" {
				if err := os.Chmod(filepath.Join(root, tt.chmod), tt.mode); err != nil {
					t.Fatal(err)
				}
			}
			err := trustedpath.Check(root + "/" + tt.path)
			if tt.fault == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			unsafe := filepath.Join(root, tt.fault)
			if !errors.As(err, new(*trustedpath.Error)) {
				t.Fatalf("%v, want %s %s", err, tt.fault, tt.reason)
			}
			if cause, next := advice.Of(err); !strings.HasPrefix(cause, unsafe+" "+tt.reason) || !strings.HasSuffix(next, " "+unsafe) {
				t.Errorf("%v, want %s %s", err, tt.fault, tt.reason)
			}
		})
	}
}

// A missing file is reported as such, unless a directory above it is unsafe.
func TestCheckMissing(t *testing.T) {
	root := tree(t, "bin/gone -> absent", "bin/loop -> loop", "bin/program", "open/x")
	for _, path := range []string{"bin/absent", "bin/gone", "absent/program"} {
		if err := trustedpath.Check(filepath.Join(root, path)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, path := range []string{"bin/loop", "bin/program/x"} {
		if err := trustedpath.Check(filepath.Join(root, path)); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := os.Chmod(filepath.Join(root, "open"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := trustedpath.Check(filepath.Join(root, "open/absent")); !errors.As(err, new(*trustedpath.Error)) {
		t.Error(err)
	}
}

func TestCheckRelative(t *testing.T) {
	root := tree(t, "bin/program", "link -> bin")
	t.Chdir(filepath.Join(root, "bin"))
	for _, path := range []string{"program", "../bin/program", "../link/program"} {
		if err := trustedpath.Check(path); err != nil {
			t.Error(err)
		}
	}
	if err := os.Chmod(root, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := trustedpath.Check("program"); !errors.As(err, new(*trustedpath.Error)) {
		t.Error(err)
	}
}
