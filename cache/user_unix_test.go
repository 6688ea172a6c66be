//go:build unix

package cache_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// nobody is the user whom modes hold back, which they do not do with root.
const nobody = 65534

func (m *machine) asUser(cmd *exec.Cmd) {
	if m.uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: m.uid, Gid: m.uid}}
	}
}

// ofNobody returns a machine as withKeys does, whose home belongs to nobody. Run by root, its processes are nobody's
// too; an ordinary user stands for nobody.
func ofNobody(t *testing.T) *machine {
	t.Helper()
	m := withKeys(t)
	delete(m.env, "AWS_CA_BUNDLE") // which is closed to nobody, and of no use without TLS
	delete(m.env, "HTTPS_PROXY")
	if os.Geteuid() != 0 {
		return m
	}
	top, err := os.MkdirTemp("", "cache")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(top) })
	m.home, m.uid = filepath.Join(top, "home"), nobody
	m.cache = filepath.Join(m.home, "cache")
	m.env["HOME"], m.env["AWS_ECR_CACHE_DIR"] = m.home, m.cache
	for _, err := range []error{os.Chmod(top, 0o755), os.Mkdir(m.home, 0o755), os.Chown(m.home, nobody, nobody)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return m
}
