package userfile_test

import (
	"os"
	"runtime"
	"syscall"
	"testing"
)

// as runs do with the file system rights of a user to whom file modes apply, unlike root. They are the rights of a
// thread, which ends with its goroutine because the goroutine stays locked to it.
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
