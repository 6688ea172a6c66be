package filelock

import (
	"cmp"
	"os"
	"syscall"
	"unsafe"
)

// lockFileEx is declared here because golang.org/x/sys/windows is initialized too late for the fast path.
var lockFileEx = syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")

// Flags and errors of LockFileEx.
const (
	shared      = 0
	nonBlocking = 1                 // LOCKFILE_FAIL_IMMEDIATELY
	exclusive   = 2                 // LOCKFILE_EXCLUSIVE_LOCK
	errLocked   = syscall.Errno(33) // ERROR_LOCK_VIOLATION
)

// lock locks the first byte, which may be past the end of the file. It keeps the handle open while it waits, even if
// the file is closed in the meantime.
func lock(f *os.File, mode int) (err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	closed := conn.Control(func(handle uintptr) {
		done, _, errno := lockFileEx.Call(handle, uintptr(mode), 0, 1, 0, uintptr(unsafe.Pointer(new(syscall.Overlapped))))
		if done == 0 {
			err = errno
		}
	})
	return cmp.Or(closed, err)
}
