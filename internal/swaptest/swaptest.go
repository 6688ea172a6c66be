//go:build unix

// Package swaptest attacks root's work in a directory of another user: a process of that user replaces names there by
// links to files of root's, as fast as it can, while a test does the work.
//
// Import it in a test that runs as root. The test binary runs itself as the attacker.
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

// UID is the attacker's user and group ID: nobody's.
const UID = 65534

// An Arena is a directory of the attacker's, and next to it files and directories of root's that must not change.
type Arena struct {
	Home string // the attacker's
	File string // a file of root's, with mode 0600
	Dir  string // a directory of root's, with mode 0755
	Pool string // a directory of the attacker's with hard links to File, as there can be where the kernel does not prevent it
	t    *testing.T
	was  map[string]string
}

// New returns an Arena for a test that runs as root, and skips the test otherwise. Everybody can look into it.
func New(t *testing.T) *Arena {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can be misled into changing what is root's")
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

// HardLinks fills the Pool.
func (a *Arena) HardLinks(n int) {
	a.t.Helper()
	for i := range n {
		if err := os.Link(a.File, filepath.Join(a.Pool, "hard-"+strconv.Itoa(i+1))); err != nil {
			a.t.Fatal(err)
		}
	}
}

// look describes everything of root's in the Arena, by path.
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

// Changed returns what has happened to root's files since New, "" if nothing has.
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

// Survive does the work at most this often, for at most this long, and fails the test as soon as something of root's has
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

// Kinds of attack. Each is on one directory, and on the names in it that begin with a prefix.
const (
	Symlink  = "symlink"  // replaces what has such a name by a symbolic link to the target
	HardLink = "hardlink" // replaces it by a hard link to root's file
	Missing  = "missing"  // makes a symbolic link while there is nothing of that name, and takes it away again; the prefix is the name
	Swapped  = "swapped"  // replaces a directory by a symbolic link, and puts it back; the prefix is its name
)

const variable = "SWAPTEST_ATTACK"

// Attack starts an attacker, who goes on until the test ends.
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
		a.t.Fatalf("the attacker did not begin: %v", err)
	}
}

// Executable returns a copy of the test binary that every user can run.
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
