//go:build unix

package file_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ecrlogin/internal/swaptest"
	"ecrlogin/refresh"
	"ecrlogin/refresh/file"
)

// TestRootIsNotRedirected checks that root changes no file elsewhere while the owner of the directory replaces names.
func TestRootIsNotRedirected(t *testing.T) {
	for name, attack := range map[string]func(a *swaptest.Arena){
		"file":                           func(a *swaptest.Arena) { a.Attack(swaptest.Symlink, a.Home, "file", a.File) },
		"new file":                       func(a *swaptest.Arena) { a.Attack(swaptest.Missing, a.Home, "file", a.Dir+"/made") },
		"temporary file":                 func(a *swaptest.Arena) { a.Attack(swaptest.Symlink, a.Home, ".file", a.File) },
		"hard link":                      func(a *swaptest.Arena) { a.HardLinks(1000); a.Attack(swaptest.HardLink, a.Home, "file", "") },
		"hard link of a temporary file":  func(a *swaptest.Arena) { a.HardLinks(1000); a.Attack(swaptest.HardLink, a.Home, ".file", "") },
		"directory":                      func(a *swaptest.Arena) { a.Attack(swaptest.Swapped, a.Home, "sub", a.Dir) },
		"directory that leads elsewhere": func(a *swaptest.Arena) { a.Attack(swaptest.Missing, a.Home, "none", a.Dir) },
	} {
		t.Run(name, func(t *testing.T) {
			a := swaptest.New(t)
			dir := a.Home
			switch {
			case strings.HasPrefix(name, "directory that"):
				dir = filepath.Join(a.Home, "none")
			case name == "directory":
				dir = filepath.Join(a.Home, "sub")
				must(t, os.Mkdir(dir, 0o755), os.Chown(dir, swaptest.UID, swaptest.UID))
			}
			attack(a)
			o := file.Options{Path: filepath.Join(dir, "file"), Login: login(t, host), Mode: modePtr(0o666), Owner: "65534"}
			targets := []refresh.Target{file.NewPassword(o), file.NewDockerConfig(o)}
			a.Survive(300, 500*time.Millisecond, func(n int) {
				_ = apply(t, targets[n%2], fmt.Sprint("password", n))
				os.Remove(filepath.Join(a.Home, "file"))
			})
		})
	}
}

// TestLinkOfAnotherUser checks that root does not follow a link of another user, but its own links.
func TestLinkOfAnotherUser(t *testing.T) {
	requireRoot(t)
	dir := shared(t, 0, 0, 0o777)
	real := filepath.Join(shared(t, 0, 0, 0o755), "pass")
	link := filepath.Join(dir, "link")
	must(t, os.Symlink(real, link))
	target := file.NewPassword(file.Options{Path: link, Login: login(t, host)})
	mustApply(t, target, "password")
	contains(t, real, "password")
	must(t, os.Lchown(link, clouddriver, clouddriver))
	wantError(t, target, dir, "DIR/link: not written as root, because DIR/link is a link of another user; remove it, or specify a path without it")
	contains(t, real, "password")
}

// TestCopyOfRootsFile checks that root does not give away a copy of a configuration of its own, to which another user
// has made a hard link.
func TestCopyOfRootsFile(t *testing.T) {
	requireRoot(t)
	dir := shared(t, clouddriver, clouddriver, 0o755)
	secret := filepath.Join(filepath.Dir(dir), "config.json")
	write(t, secret, `{"auths": {"ghcr.io": {"auth": "secret"}}}`, 0o600)
	path := filepath.Join(dir, "config.json")
	must(t, os.Link(secret, path))
	target := file.NewDockerConfig(file.Options{Path: path, Login: login(t, host), Owner: "10111"})
	wantError(t, target, dir, "DIR/config.json: not written as root, because DIR/config.json has several hard links; remove it, or specify a path without it")
	must(t, os.Remove(path))
	mustApply(t, target, "password")
}
