//go:build unix && !linux

package userfile_test

import (
	"os"
	"testing"
)

// as runs do as somebody whom modes hold back.
func as(t *testing.T, do func()) {
	t.Helper()
	if os.Geteuid() == 0 {
		t.Skip("modes do not hold root back")
	}
	do()
}
