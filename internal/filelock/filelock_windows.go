package filelock

import (
	"cmp"
	"errors"
	"os"
	"syscall"
	"unsafe"
)

// lockFileEx is declared here because golang.org/x/sys/windows is initialized too late for the fast path.
var lockFileEx = syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")

// Flags and errors of LockFileEx.
const (
	failImmediately = 1
	exclusive       = 2
	lockViolation   = syscall.Errno(33)
)

func lock(f *os.File) error { return lockFile(f, exclusive) }

func lockShared(f *os.File) error { return lockFile(f, 0) }

func tryLock(f *os.File) (bool, error) {
	err := lockFile(f, exclusive|failImmediately)
	if errors.Is(err, lockViolation) {
		return false, nil
	}
	return err == nil, err
}

// lockFile locks the first byte, which may be past the end of the file. It keeps the handle open while it waits, even
// if the file is closed meanwhile.
func lockFile(f *os.File, flags uintptr) (err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	closed := conn.Control(func(handle uintptr) {
		done, _, errno := lockFileEx.Call(handle, flags, 0, 1, 0, uintptr(unsafe.Pointer(new(syscall.Overlapped))))
		if done == 0 {
			err = errno
		}
	})
	return cmp.Or(closed, err)
}
