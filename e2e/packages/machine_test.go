package packages

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A machine is a copy of the machine's file system. Changes are stored in memory.
type machine struct {
	t    *testing.T
	root string
}

// newMachine returns a machine on which neither this package nor Debian's is installed.
func newMachine(t *testing.T) *machine {
	t.Helper()
	memory := t.TempDir() // TMPDIR is in memory
	m := &machine{t: t, root: filepath.Join(memory, "root")}
	upper, work := filepath.Join(memory, "upper"), filepath.Join(memory, "work")
	for _, dir := range []string{m.root, upper, work} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	m.mount("overlay", "/", "overlay", 0, "lowerdir=/,upperdir="+upper+",workdir="+work)
	m.mount("/dev", "/dev", "", syscall.MS_BIND|syscall.MS_REC, "")
	m.mount("proc", "/proc", "proc", 0, "")
	// The index of the manual pages takes seconds after each change, and so does waiting for the disk.
	m.run("rm", "-f", "/var/lib/man-db/auto-update")
	m.run("sh", "-c", "echo force-unsafe-io >/etc/dpkg/dpkg.cfg.d/fast")
	m.run("dpkg", "--purge", "ecr-login", debian)
	return m
}

func (m *machine) mount(source, path, fstype string, flags uintptr, data string) {
	m.t.Helper()
	target := filepath.Join(m.root, path)
	if err := syscall.Mount(source, target, fstype, flags, data); err != nil {
		m.t.Fatalf("mounting %s: %v", target, err)
	}
	m.t.Cleanup(func() {
		if err := syscall.Unmount(target, syscall.MNT_DETACH); err != nil {
			m.t.Errorf("unmounting %s: %v", target, err)
		}
	})
}

// try runs a command on the machine and returns its output, standard error included.
func (m *machine) try(name string, args ...string) (string, error) {
	cmd := exec.Command("/usr/bin/env", append([]string{name}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: m.root}
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C"}
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// run runs a command that must succeed.
func (m *machine) run(name string, args ...string) string {
	m.t.Helper()
	out, err := m.try(name, args...)
	if err != nil {
		m.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

// version checks the output of a program's command version.
func (m *machine) version(program, want string) {
	m.t.Helper()
	if got := m.run(program, "version"); got != want {
		m.t.Errorf("%s version prints %q, want %q", program, got, want)
	}
}

// exists reports whether a file or a link exists.
func (m *machine) exists(name string) bool {
	_, err := os.Lstat(filepath.Join(m.root, name))
	return err == nil
}

// read returns the content of a file.
func (m *machine) read(name string) string {
	m.t.Helper()
	data, err := os.ReadFile(filepath.Join(m.root, name))
	if err != nil {
		m.t.Fatal(err)
	}
	return string(data)
}

// noDiversions checks that the package has left no diversion.
func (m *machine) noDiversions() {
	m.t.Helper()
	if out := m.run("dpkg-divert", "--list", "*"+helper+"*"); out != "" {
		m.t.Errorf("diversions after the removal:\n%s", out)
	}
}
