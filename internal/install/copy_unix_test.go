//go:build unix

package install

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ecrlogin/internal/swaptest"
)

// TestProgramIsNotRedirected checks that the program is not installed where another user can replace it or redirect
// the write.
func TestProgramIsNotRedirected(t *testing.T) {
	for name, attack := range map[string]func(a *swaptest.Arena){
		"temporary file": func(a *swaptest.Arena) { a.Attack(swaptest.Symlink, a.Home, ".program.", a.File) },
		"directory":      func(a *swaptest.Arena) { a.Attack(swaptest.Missing, a.Home, "bin", a.Dir) },
	} {
		t.Run(name, func(t *testing.T) {
			a := swaptest.New(t)
			attack(a)
			path := map[string]string{"temporary file": "program", "directory": "bin/program"}[name]
			a.Survive(500, time.Second, func(int) {
				c := &Copy{Path: filepath.Join(a.Home, path), content: []byte("program")}
				err := c.Write()
				if err == nil {
					t.Fatal("the program was copied")
				}
				want := c.Path + ": cannot install this program: " + a.Home + " belongs to another user, who could replace the program; " +
					"specify another directory, or run this command as its owner"
				if name == "temporary file" && err.Error() != want {
					t.Errorf("got %v, want %s", err, want)
				}
				if err := c.link("program", io.Discard); err == nil {
					t.Fatal("a link was created")
				}
			})
		})
	}
}

// TestProgramIsReplaced checks that the new program is complete and executable by all users, and that the old one is
// kept.
func TestProgramIsReplaced(t *testing.T) {
	dir := t.TempDir()
	c := &Copy{Path: filepath.Join(dir, "bin", "sub", "program"), content: []byte("first")}
	if err := c.Write(); err != nil {
		t.Fatal(err)
	}
	c.Backup, c.content = c.Path+"-backup", []byte("second")
	if err := c.Write(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{c.Path: "second", c.Backup: "first"} {
		info, err := os.Stat(path)
		if content, readErr := os.ReadFile(path); err != nil || readErr != nil || string(content) != want || info.Mode() != 0o755 {
			t.Errorf("%s contains %q with mode %v, %v, %v", path, content, info.Mode(), err, readErr)
		}
	}
	if entries, err := os.ReadDir(filepath.Dir(c.Path)); err != nil || len(entries) != 2 {
		t.Errorf("the directory has %v, %v", entries, err)
	}
	c.Backup = c.Path // exists
	if err := c.Write(); err == nil {
		t.Error("an existing backup was overwritten")
	}
	if entries, err := os.ReadDir(filepath.Dir(c.Path)); err != nil || len(entries) != 2 {
		t.Errorf("a failed copy leaves %v, %v", entries, err)
	}
}
