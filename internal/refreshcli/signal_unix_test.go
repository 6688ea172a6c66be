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
	var began time.Time
	_, ok := untilSignal(func(context.Context) int {
		began = time.Now()
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
