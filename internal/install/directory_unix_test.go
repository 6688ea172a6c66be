//go:build unix

package install

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/atomicfile"
)

// stranger is neither root nor the user that runs the tests.
const stranger = 12345

// TestDirectory checks that a second run changes nothing, that the second name is a link, and that links at the names
// are replaced rather than followed.
func TestDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "target")
	for _, want := range []string{": a copy of this program\n%s: a link to docker-credential-ecr-login\n", ": already up to date\n%s: already up to date\n"} {
		first, second := filepath.Join(dir, "docker-credential-ecr-login"), filepath.Join(dir, "ecr-credential-provider")
		var out strings.Builder
		if err := Directory(dir, false, &out); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf(first+want, second); out.String() != want {
			t.Errorf("printed %q, want %q", out.String(), want)
		}
		info, err := os.Lstat(first)
		if err != nil || info.Mode() != 0o755 {
			t.Errorf("the copy has mode %v, %v", info.Mode(), err)
		}
		if target, err := os.Readlink(second); err != nil || target != "docker-credential-ecr-login" {
			t.Errorf("the second name is a link to %q, %v", target, err)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
			t.Errorf("the directory contains %v, %v", entries, err)
		}
	}

	first := filepath.Join(dir, "docker-credential-ecr-login")
	for _, mode := range []os.FileMode{0o644, 0o757, 0o775} { // not executable, or writable by others
		if err := os.Chmod(first, mode); err != nil {
			t.Fatal(err)
		}
		if err := Directory(dir, false, io.Discard); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(first); err != nil || info.Mode() != 0o755 {
			t.Errorf("a copy that had mode %v has mode %v, %v", mode, info.Mode(), err)
		}
	}

	if os.Geteuid() == 0 {
		if err := os.Chown(first, stranger, stranger); err != nil {
			t.Fatal(err)
		}
		if err := Directory(dir, false, io.Discard); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(first); err != nil || info.Sys().(*syscall.Stat_t).Uid != 0 {
			t.Errorf("a copy of another user still belongs to that user (%v)", err)
		}
	}

	elsewhere := filepath.Join(t.TempDir(), "missing")
	for _, name := range []string{"docker-credential-ecr-login", "ecr-credential-provider"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.Remove(path), os.Symlink(elsewhere, path)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Directory(dir, false, io.Discard); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(elsewhere); err == nil {
		t.Error("a link was followed")
	}
}

// TestPlantedLink checks that root does not follow a link that another user has created in a directory such as /tmp.
func TestPlantedLink(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("requires root")
	}
	dir, elsewhere := t.TempDir(), t.TempDir()
	link := filepath.Join(dir, "target")
	if err := errors.Join(os.Chmod(dir, 0o777|os.ModeSticky), os.Symlink(elsewhere, link), os.Lchown(link, stranger, stranger)); err != nil {
		t.Fatal(err)
	}
	err := Directory(link, false, io.Discard)
	if _, ok := errors.AsType[*atomicfile.UnsafeError](err); !ok {
		t.Errorf("got %v, want that the link is unsafe", err)
	}
	if entries, err := os.ReadDir(elsewhere); err != nil || len(entries) != 0 {
		t.Errorf("the target of the link contains %v, %v", entries, err)
	}
}

// TestExplain checks that each error of the file system has its own next step. The end-to-end tests cause these errors.
func TestExplain(t *testing.T) {
	nexts := map[string]bool{}
	for _, errno := range []syscall.Errno{syscall.ENOTDIR, syscall.EROFS, syscall.ENOSPC, syscall.EBUSY, syscall.EACCES, syscall.EIO} {
		err := explain("/target/program", 12<<20, &os.PathError{Op: "openat", Path: ".program.1", Err: errno})
		cause, next := advice.Of(err)
		if want := "/target/program: cannot install this program: " + errno.Error(); cause != want {
			t.Errorf("got the cause %q, want %q", cause, want)
		}
		if next == "" || nexts[next] || strings.Contains(next, "%!") {
			t.Errorf("%v has the next step %q, which is missing or that of another error", errno, next)
		}
		nexts[next] = true
	}
}
