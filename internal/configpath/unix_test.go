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
)

// TestFirstSkipped reads as a user who may not search one of the directories. It needs a separate process, because
// root may search every directory.
func TestFirstSkipped(t *testing.T) {
	if dir := os.Getenv("ECR_LOGIN_TEST_DIR"); dir != "" {
		hidden, machine := filepath.Join(dir, "hidden/config.yaml"), filepath.Join(dir, "config.yaml")
		for _, user := range []string{hidden, ""} {
			f, err := first([]string{hidden, machine}, user)
			t.Logf("got path %q, content %q, skipped %q, error %v", f.Path, f.Content, f.Skipped, err)
		}
		return
	}
	dir, err := os.MkdirTemp("/tmp", "hidden") // other users cannot search t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	program, err := os.ReadFile(os.Args[0])
	binary, hidden, machine := filepath.Join(dir, "test"), filepath.Join(dir, "hidden"), filepath.Join(dir, "config.yaml")
	if err := errors.Join(err, os.Chmod(dir, 0o755), os.WriteFile(binary, program, 0o755), os.Mkdir(hidden, 0), os.WriteFile(machine, []byte("machine"), 0o644)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "-test.run=^TestFirstSkipped$", "-test.v")
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
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("want %s\nin %s", want, out)
		}
	}
}
