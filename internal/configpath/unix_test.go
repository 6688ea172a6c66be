//go:build unix

package configpath

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ecrlogin/internal/environ"
)

// TestOtherUser reads files as a user who may not read one of them and may not search the directory of another. It
// needs a separate process, because root may read and search everything.
func TestOtherUser(t *testing.T) {
	if dir := os.Getenv("ECR_LOGIN_TEST_DIR"); dir != "" {
		hidden, machine := filepath.Join(dir, "hidden/config.yaml"), filepath.Join(dir, "config.yaml")
		for _, user := range []string{hidden, ""} {
			f, err := first([]string{hidden, machine}, user)
			t.Logf("got path %q, content %q, skipped %q, error %v", f.Path, f.Content, f.Skipped, err)
		}
		_, err := Read(environ.Env{"ECR_LOGIN_CONFIG=" + filepath.Join(dir, "unreadable.yaml")}, "")
		t.Logf("got %v", err)
		return
	}
	dir, err := os.MkdirTemp("/tmp", "hidden") // other users cannot search t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	program, err := os.ReadFile(os.Args[0])
	binary, hidden := filepath.Join(dir, "test"), filepath.Join(dir, "hidden")
	machine, unreadable := filepath.Join(dir, "config.yaml"), filepath.Join(dir, "unreadable.yaml")
	if err := errors.Join(err, os.Chmod(dir, 0o755), os.WriteFile(binary, program, 0o755), os.Mkdir(hidden, 0),
		os.WriteFile(machine, []byte("machine"), 0o644), os.WriteFile(unreadable, []byte("timeout: 5s\n"), 0)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "-test.run=^TestOtherUser$", "-test.v")
	cmd.Dir, cmd.Env = dir, []string{"ECR_LOGIN_TEST_DIR=" + dir}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) {
		t.Skipf("this test needs another user: %v", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		`got path "` + machine + `", content "machine", skipped "` + hidden + `/config.yaml", error <nil>`,
		`got path "` + hidden + `/config.yaml", content "", skipped "", error the configuration cannot be read: stat ` + hidden + `/config.yaml: permission denied`,
		"got the configuration cannot be read: open " + unreadable + ": permission denied",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("want %s\nin %s", want, out)
		}
	}
}

// TestLinkWithoutTarget checks that a link of a dotfile manager to a missing file is an error. Without the file, another
// identity would be used.
func TestLinkWithoutTarget(t *testing.T) {
	link := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.Symlink("dotfiles/config.yaml", link); err != nil {
		t.Fatal(err)
	}
	want := "the configuration cannot be read: " + link + " is a symbolic link to dotfiles/config.yaml, which does not exist; " +
		"create that file, or remove the link"
	if f, err := first([]string{link, os.DevNull}, link); err == nil || err.Error() != want || f.Path != link {
		t.Errorf("got %q, %v, want %s", f.Path, err, want)
	}
}
