//go:build unix

package cache_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// nobody is the ID of a user without privileges. Modes do not restrict root.
const nobody = 65534

func (m *machine) asUser(cmd *exec.Cmd) {
	if m.uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: m.uid, Gid: m.uid}}
	}
}

// ofNobody is like withKeys, but its home directory and processes belong to the user nobody if the test runs as root.
func ofNobody(t *testing.T) *machine {
	t.Helper()
	m := withKeys(t)
	delete(m.env, "AWS_CA_BUNDLE") // which nobody cannot read, and which is not needed without TLS
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
