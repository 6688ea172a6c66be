//go:build unix

package refreshcli

import (
	"context"
	"syscall"
	"testing"
	"time"
)

// TestHang checks that the program ends soon after a signal, even if a call to the file system never
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
	// On a busy machine, it takes longer than the time for a shutdown.
	if took := time.Since(began); ok || took > 20*time.Second || shutdown >= time.Second {
		t.Errorf("ended after %s, %v", took, ok)
	}
}
