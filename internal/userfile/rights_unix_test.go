//go:build unix && !linux

package userfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ecrlogin/internal/userfile"
)

// as runs do with the file system rights of a user to whom file modes apply.
func as(t *testing.T, do func()) {
	t.Helper()
	if os.Geteuid() == 0 {
		t.Skip("file modes do not apply to root")
	}
	do()
}

// TestRootIsRefused checks that root does not work in a directory of another user.
func TestRootIsRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("requires root")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err := errorsOf(err, os.Chown(dir, 12345, 12345)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "config.json")
	_, err = userfile.Read(path)
	if want := path + ": not accessed as root, because " + dir + " belongs to another user; run this command as the owner of the file"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if _, err := userfile.Lock(t.Context(), path); err == nil || !strings.Contains(err.Error(), "belongs to another user") {
		t.Errorf("got %v", err)
	}
}
