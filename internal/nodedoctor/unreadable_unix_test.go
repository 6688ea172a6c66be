//go:build unix

package nodedoctor

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ecrlogin/internal/check"
)

// TestUnreadable checks that a process which this user cannot inspect is not trusted, but reported as possibly
// the kubelet.
func TestUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		runAs(t, 65534)
		return
	}
	dir := proc(t, fakeProcess{pid: "12", args: []string{"kubelet"}, env: "HOME=/root\x00"})
	if err := os.Chmod(filepath.Join(dir, "12", "ns"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "12", "ns"), 0o700) })
	c := examine(t, Kubelet{Proc: dir}, "", "kubelet")
	if c.Status != check.StatusFailed || !strings.HasPrefix(c.Found, "process 12 is named kubelet, but this user cannot inspect it: ") || !strings.HasPrefix(c.Next, "sudo ") {
		t.Errorf("%+v", c)
	}
}

// runAs runs this test in a process of another user, because root can read everything.
func runAs(t *testing.T, uid uint32) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "nodedoctor") // other users cannot search t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	program, err := os.ReadFile(os.Args[0])
	binary := filepath.Join(dir, "test")
	if err := errors.Join(err, os.Chmod(dir, 0o755), os.WriteFile(binary, program, 0o755)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir, cmd.Env = dir, []string{"HOME=" + dir, "TMPDIR=/tmp"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
}
