package userfile_test

import (
	"os"
	"runtime"
	"syscall"
	"testing"
)

// as runs do as somebody whom modes hold back, which they do not do with root. The kernel keeps for each thread whom
// files are opened as; the thread ends with its goroutine, since that does not let go of it.
func as(t *testing.T, do func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		do()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		const nobody = 65534
		if err := syscall.Setfsuid(nobody); err != nil {
			t.Error(err)
			return
		}
		do()
	}()
	<-done
}
