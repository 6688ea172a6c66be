//go:build unix

// Package swaptest tests that root's file operations in another user's directory are safe. While a test runs the
// operations, a process of that user continuously replaces the files by links to files of root.
//
// A test that runs as root imports the package. The test binary runs itself as the attacker.
package swaptest

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// UID is the user and group ID of the attacker, usually named nobody.
const UID = 65534

// An Arena contains a directory of the attacker, and files and directories of root that must not change.
type Arena struct {
	Home string // a directory of the attacker
	File string // a file of root with mode 0600
	Dir  string // a directory of root with mode 0755
	Pool string // a directory of the attacker for hard links to File, which the kernel may not prevent
	t    *testing.T
	was  map[string]string
}

// New returns an Arena. It skips the test if it does not run as root. All users can read the top directory.
func New(t *testing.T) *Arena {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("this test requires root")
	}
	top, err := os.MkdirTemp("", "swaptest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(top) })
	a := &Arena{
		Home: filepath.Join(top, "home"),
		Pool: filepath.Join(top, "home", "pool"),
		File: filepath.Join(top, "root", "file"),
		Dir:  filepath.Join(top, "root", "dir"),
		t:    t,
	}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(os.Chmod(top, 0o755))
	check(os.MkdirAll(a.Pool, 0o755))
	check(os.MkdirAll(a.Dir, 0o755))
	check(os.WriteFile(a.File, []byte("root's"), 0o600))
	check(os.WriteFile(filepath.Join(a.Dir, "file"), []byte("root's"), 0o600))
	for _, dir := range []string{a.Home, a.Pool} {
		check(os.Chown(dir, UID, UID))
	}
	a.was = a.look()
	return a
}

// HardLinks creates n hard links to File in Pool.
func (a *Arena) HardLinks(n int) {
	a.t.Helper()
	for i := range n {
		if err := os.Link(a.File, filepath.Join(a.Pool, "hard-"+strconv.Itoa(i+1))); err != nil {
			a.t.Fatal(err)
		}
	}
}

// look returns the mode, the owner and the content of all of root's files in the Arena, by path.
func (a *Arena) look() map[string]string {
	a.t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(filepath.Dir(a.File), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		stat := info.Sys().(*syscall.Stat_t)
		all[path] = info.Mode().String()
		if stat.Uid != 0 || stat.Gid != 0 {
			all[path] += " of another user"
		}
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			all[path] += ": " + string(content)
		}
		return nil
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return all
}

// Changed describes a change of root's files since New. It returns "" if there is none.
func (a *Arena) Changed() string {
	a.t.Helper()
	now := a.look()
	for path, is := range now {
		if is != a.was[path] {
			return path + " was " + a.was[path] + " and is " + is
		}
	}
	if len(now) != len(a.was) {
		return "something was removed"
	}
	return ""
}

// Survive repeats work, at most times, and for at most longest. It fails the test as soon as one of root's files has
// changed. The work may fail.
func (a *Arena) Survive(times int, longest time.Duration, work func(n int)) {
	a.t.Helper()
	began, n := time.Now(), 0
	for ; n < times && time.Since(began) < longest; n++ {
		work(n)
		if changed := a.Changed(); changed != "" {
			a.t.Fatalf("attempt %d: %s", n+1, changed)
		}
	}
	a.t.Logf("%d attempts in %s", n, time.Since(began).Round(time.Millisecond))
}

// Kinds of attack. Each replaces files in one directory whose names start with a prefix.
const (
	Symlink  = "symlink"  // replaces these files by symbolic links to the target
	HardLink = "hardlink" // replaces these files by hard links to Arena.File
	Missing  = "missing"  // creates and removes a symbolic link that did not exist; the prefix is its whole name
	Swapped  = "swapped"  // replaces a directory by a symbolic link and restores it; the prefix is its whole name
)

const variable = "SWAPTEST_ATTACK"

// Attack starts an attacker, which runs until the test ends.
func (a *Arena) Attack(kind, dir, prefix, target string) {
	a.t.Helper()
	cmd := exec.Command(Executable(a.t))
	cmd.Env = []string{variable + "=" + strings.Join([]string{kind, dir, prefix, target, a.Pool}, "\n")}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: UID, Gid: UID}}
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		a.t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		a.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() {
		stdin.Close()
		if err := cmd.Wait(); err != nil {
			a.t.Errorf("the attacker failed: %v", err)
		}
	})
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		a.t.Fatalf("the attacker did not start: %v", err)
	}
}

// Executable returns the path of a copy of the test binary that all users can execute.
func Executable(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	from, err := os.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	dir, err := os.MkdirTemp("", "swaptest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	to, err := os.OpenFile(filepath.Join(dir, "attacker"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(to, from)
	if err := errors.Join(err, os.Chmod(dir, 0o755), to.Chmod(0o755), to.Close()); err != nil {
		t.Fatal(err)
	}
	return to.Name()
}
