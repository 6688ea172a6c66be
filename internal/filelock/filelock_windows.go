package filelock

import (
	"cmp"
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

func lock(f *os.File) error { return lockFile(f, windows.LOCKFILE_EXCLUSIVE_LOCK) }

func tryLock(f *os.File) (bool, error) {
	err := lockFile(f, windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}

// lockFile locks the first byte, which may be past the end of the file. It keeps the handle open while it waits, even if the
// file is closed meanwhile.
func lockFile(f *os.File, flags uint32) (err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	closed := conn.Control(func(handle uintptr) {
		err = windows.LockFileEx(windows.Handle(handle), flags, 0, 1, 0, new(windows.Overlapped))
	})
	return cmp.Or(closed, err)
}
