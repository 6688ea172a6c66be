//go:build unix

package userfile_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"ecrlogin/internal/swaptest"
	"ecrlogin/internal/userfile"
)

// TestRootIsNotRedirected checks that root changes no file of its own while it works in a directory of another user,
// and that user replaces names there.
func TestRootIsNotRedirected(t *testing.T) {
	const longest = 1500 * time.Millisecond
	replace := func(path string, content string) {
		if f, err := userfile.Read(path); err == nil {
			_ = f.Replace([]byte(content))
		}
	}
	tests := map[string]func(t *testing.T, a *swaptest.Arena, docker, config string) (work func(n int)){
		"temporary file, symbolic link": func(t *testing.T, a *swaptest.Arena, docker, config string) func(int) {
			a.Attack(swaptest.Symlink, docker, ".config.json", a.File)
			return func(n int) { replace(config, `{"credHelpers": {}}`+string(rune('a'+n%26))) }
		},
		"temporary file, hard link": func(t *testing.T, a *swaptest.Arena, docker, config string) func(int) {
			a.HardLinks(10_000)
			a.Attack(swaptest.HardLink, docker, ".config.json", "")
			return func(n int) { replace(config, string(rune('a'+n%26))) }
		},
		"directory of the file": func(t *testing.T, a *swaptest.Arena, docker, config string) func(int) {
			a.Attack(swaptest.Symlink, a.Home, ".docker", a.Dir)
			return func(n int) { replace(config, "{}"); replace(filepath.Join(docker, "file"), "ours") }
		},
		"directory of the file, swapped": func(t *testing.T, a *swaptest.Arena, docker, config string) func(int) {
			a.Attack(swaptest.Swapped, a.Home, ".docker", a.Dir)
			return func(n int) { replace(config, string(rune('a'+n%26))) }
		},
		"directory that is made": func(t *testing.T, a *swaptest.Arena, docker, config string) func(int) {
			a.Attack(swaptest.Symlink, a.Home, "new", a.Dir)
			return func(n int) { replace(filepath.Join(a.Home, "new", "a", "config.json"), "{}") }
		},
		"directory that is made, before it has its name": func(t *testing.T, a *swaptest.Arena, docker, config string) func(int) {
			a.Attack(swaptest.Symlink, a.Home, ".new", a.Dir)
			return func(n int) {
				replace(filepath.Join(a.Home, "new", "config.json"), "{}")
				os.RemoveAll(filepath.Join(a.Home, "new"))
			}
		},
		"directory that is made, below a link": func(t *testing.T, a *swaptest.Arena, docker, config string) func(int) {
			a.Attack(swaptest.Missing, a.Home, "new", a.Dir)
			return func(n int) {
				replace(filepath.Join(a.Home, "new", "sub", "config.json"), "{}")
				os.RemoveAll(filepath.Join(a.Home, "new"))
			}
		},
		"removal": func(t *testing.T, a *swaptest.Arena, docker, config string) func(int) {
			a.Attack(swaptest.Swapped, a.Home, ".docker", a.Dir)
			return func(n int) {
				replace(filepath.Join(docker, "file"), "theirs")
				if f, err := userfile.Read(filepath.Join(docker, "file")); err == nil {
					_ = f.Remove()
				}
			}
		},
		"copy": func(t *testing.T, a *swaptest.Arena, docker, config string) func(int) {
			a.Attack(swaptest.Symlink, docker, ".config.json", a.File)
			a.Attack(swaptest.Symlink, docker, "backup", a.File)
			return func(n int) {
				if f, err := userfile.Read(config); err == nil {
					_ = f.Backup(filepath.Join(docker, "backup"))
				}
			}
		},
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			a := swaptest.New(t)
			docker := filepath.Join(a.Home, ".docker")
			config := filepath.Join(docker, "config.json")
			if err := errorsOf(os.Mkdir(docker, 0o777), os.WriteFile(config, []byte("old"), 0o666), os.WriteFile(filepath.Join(docker, "file"), []byte("theirs"), 0o666),
				os.Chmod(config, 0o666), os.Chown(config, swaptest.UID, swaptest.UID), os.Chown(filepath.Join(docker, "file"), swaptest.UID, swaptest.UID), os.Chown(docker, swaptest.UID, swaptest.UID)); err != nil {
				t.Fatal(err)
			}
			a.Survive(2000, longest, prepare(t, a, docker, config))
		})
	}
}
