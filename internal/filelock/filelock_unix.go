//go:build unix

package filelock

import (
	"cmp"
	"os"
	"syscall"
)

const (
	shared      = syscall.LOCK_SH
	exclusive   = syscall.LOCK_EX
	nonBlocking = syscall.LOCK_NB
	errLocked   = syscall.EWOULDBLOCK
)

// lock keeps the descriptor open while it waits, even if the file is closed in the meantime.
func lock(f *os.File, mode int) (err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	closed := conn.Control(func(fd uintptr) {
		for {
			if err = syscall.Flock(int(fd), mode); err != syscall.EINTR {
				return
			}
		}
	})
	return cmp.Or(closed, err)
}
