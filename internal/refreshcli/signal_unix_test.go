//go:build unix

package refreshcli

import (
	"context"
	"syscall"
	"testing"
	"time"
)

// TestHang checks that the program ends within a second after a signal, even if a call to the file system never
// returns.
func TestHang(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	began := time.Now()
	_, ok := untilSignal(func(context.Context) int {
		if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		<-release
		return 1
	})
	if took := time.Since(began); ok || took > time.Second {
		t.Errorf("ended after %s, %v", took, ok)
	}
}
