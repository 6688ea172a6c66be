package file_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ecrlogin/refresh/file"
)

// inMountNamespace reports whether the test runs in a mount namespace of its own. If not, it runs the test in one, as
// another process.
func inMountNamespace(t *testing.T) bool {
	t.Helper()
	const variable = "REFRESH_FILE_MOUNTS"
	if os.Getenv(variable) != "" {
		return true
	}
	requireRoot(t)
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), variable+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	if err != nil && len(out) == 0 {
		t.Skip("no mount namespaces:", err)
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

// mount mounts a file system until the test ends. With flags of a remount, it changes one that is mounted.
func mount(t *testing.T, source, target, kind string, flags uintptr, data string) {
	t.Helper()
	must(t, syscall.Mount(source, target, kind, flags, data))
	if flags&syscall.MS_REMOUNT == 0 {
		t.Cleanup(func() { must(t, syscall.Unmount(target, 0)) })
	}
}

// both returns what writes a large password to each kind of file.
func both(t *testing.T, path string) map[string]func() error {
	o := file.Options{Path: path, Login: login(t, host)}
	return map[string]func() error{
		"password":             func() error { return apply(t, file.NewPassword(o), strings.Repeat("password", 1<<14)) },
		"Docker configuration": func() error { return apply(t, file.NewDockerConfig(o), strings.Repeat("password", 1<<14)) },
	}
}

// check checks that both kinds of files fail with an error, in which DIR stands for the directory, and change nothing.
func check(t *testing.T, path, want string) {
	t.Helper()
	dir := filepath.Dir(path)
	before, err := os.ReadFile(path)
	must(t, err)
	for kind, apply := range both(t, path) {
		if err, want := apply(), strings.ReplaceAll(want, "DIR", dir); err == nil || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", kind, err, want)
		}
		contains(t, path, string(before))
		only(t, dir, filepath.Base(path))
	}
}

// TestFullDisk checks that a full disk leaves the previous file, and no temporary file, and that the file is written as
// soon as there is space.
func TestFullDisk(t *testing.T) {
	if !inMountNamespace(t) {
		return
	}
	dir := t.TempDir()
	mount(t, "tmpfs", dir, "tmpfs", 0, "size=64k")
	path := filepath.Join(dir, "file")
	write(t, path, "{}", 0o600)
	check(t, path, "DIR/file: cannot be written in DIR: no space left on device; free space in the volume, or enlarge it")
	mount(t, "", dir, "", syscall.MS_REMOUNT, "size=1m")
	for kind, apply := range both(t, path) {
		if err := apply(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		write(t, path, "{}", 0o600)
	}
}

func TestReadOnlyVolume(t *testing.T) {
	if !inMountNamespace(t) {
		return
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "{}", 0o600)
	mount(t, dir, dir, "", syscall.MS_BIND, "")
	mount(t, "", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
	check(t, filepath.Join(dir, "file"),
		"DIR/file: cannot be written in DIR: read-only file system; mount the volume without readOnly")
}

// TestMountedFile checks a file that is mounted alone, as with subPath.
func TestMountedFile(t *testing.T) {
	if !inMountNamespace(t) {
		return
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	write(t, path, "", 0o600)
	source := filepath.Join(t.TempDir(), "source")
	write(t, source, "{}", 0o600)
	mount(t, source, path, "", syscall.MS_BIND, "")
	check(t, path, "DIR/file: cannot be written in DIR: device or resource busy; "+
		"a file that is a mount point cannot be replaced, so mount the volume at the directory (without subPath)")
}
