//go:build linux && !386 && !arm

package atomicfile

import (
	"os"
	"runtime"
	"syscall"
)

// asOwner calls create with the file system rights of the directory's owner, if this process is root's and the directory another
// user's. What create creates then belongs to that user from the start. Without the right to change them, create runs with
// root's, and the caller must change the owner afterward.
//
// The rights are those of one thread (see setfsuid(2)), so create must not start a goroutine to do its work.
func asOwner(dir *os.Root, create func() error) error {
	if !foreign(dir) {
		return create()
	}
	info, err := dir.Stat(".")
	if err != nil {
		return err
	}
	uid, gid := ownerOf(info)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	setfsid(syscall.SYS_SETFSGID, gid)
	setfsid(syscall.SYS_SETFSUID, uid)
	defer setfsid(syscall.SYS_SETFSGID, os.Getegid())
	defer setfsid(syscall.SYS_SETFSUID, 0)
	return create()
}

// setfsid cannot fail to return to the effective ID, which the kernel always permits. On 386 and ARM, these system calls
// have IDs of 16 bits.
func setfsid(trap uintptr, id int) { _, _, _ = syscall.RawSyscall(trap, uintptr(id), 0, 0) }
