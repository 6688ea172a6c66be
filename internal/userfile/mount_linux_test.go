package userfile_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"ecrlogin/internal/userfile"
)

// TestMountPoint checks the error for a file that is mounted alone, as with "docker run --volume FILE:FILE".
func TestMountPoint(t *testing.T) {
	dir := t.TempDir()
	path, source := filepath.Join(dir, "config.json"), filepath.Join(dir, "source.json")
	write(t, path, "")
	write(t, source, "old")
	if err := syscall.Mount(source, path, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("this test must mount a file: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(path, syscall.MNT_DETACH) })
	f, err := userfile.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	want := path + ": cannot be replaced in " + dir + ": device or resource busy; nothing was written; " +
		"a file that is a mount point cannot be replaced, so mount its directory instead"
	if err := f.Replace([]byte("new")); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
