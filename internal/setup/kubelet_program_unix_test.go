//go:build unix

package setup

import (
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
				err := (&provider{path: filepath.Join(a.Home, path), content: []byte("program")}).copy()
				if err == nil {
					t.Fatal("the program was copied")
				}
				if want := a.Home + " belongs to another user, who could replace the program"; name == "temporary file" && err.Error() != want {
					t.Errorf("got %v, want %s", err, want)
				}
			})
		})
	}
}

// TestProgramIsReplaced checks that the new program is complete and executable by all users, and that the old one is
// kept.
func TestProgramIsReplaced(t *testing.T) {
	dir := t.TempDir()
	p := &provider{path: filepath.Join(dir, "bin", "sub", "program"), content: []byte("first")}
	must(t, p.copy())
	p.backup, p.content = p.path+"-backup", []byte("second")
	must(t, p.copy())
	for path, want := range map[string]string{p.path: "second", p.backup: "first"} {
		info, err := os.Stat(path)
		if content, readErr := os.ReadFile(path); err != nil || readErr != nil || string(content) != want || info.Mode() != 0o755 {
			t.Errorf("%s contains %q with mode %v, %v, %v", path, content, info.Mode(), err, readErr)
		}
	}
	if entries, err := os.ReadDir(filepath.Dir(p.path)); err != nil || len(entries) != 2 {
		t.Errorf("the directory has %v, %v", entries, err)
	}
	p.backup = p.path // exists
	if err := p.copy(); err == nil {
		t.Error("an existing backup was overwritten")
	}
	if entries, err := os.ReadDir(filepath.Dir(p.path)); err != nil || len(entries) != 2 {
		t.Errorf("a failed copy leaves %v, %v", entries, err)
	}
}
