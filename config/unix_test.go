//go:build unix

package config_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ecrlogin/config"
)

// TestUnreadable loads a file that the user may not read. It needs a separate process, because root may read every
// file.
func TestUnreadable(t *testing.T) {
	if os.Getenv("ECR_LOGIN_TEST_CHILD") != "" {
		_, err := config.Load("")
		t.Logf("got %v", err)
		return
	}
	dir, err := os.MkdirTemp("/tmp", "unreadable") // other users cannot search t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "config.yaml")
	program := filepath.Join(dir, "test")
	copyFile(t, os.Args[0], program, 0o755)
	if err := os.WriteFile(path, []byte("timeout: 5s\n"), 0o000); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.run=^TestUnreadable$", "-test.v")
	cmd.Dir = dir
	cmd.Env = []string{"ECR_LOGIN_TEST_CHILD=1", "ECR_LOGIN_CONFIG=" + path}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "got the configuration cannot be read: open "+path+": permission denied") {
		t.Errorf("%v\n%s", err, out)
	}
}

func copyFile(t *testing.T, from, to string, mode os.FileMode) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, mode); err != nil {
		t.Fatal(err)
	}
}
