package atomicfile

import (
	"io/fs"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// noGroup is the group ID of a user's thread. The user's groups are unknown, and those of root must not count.
const noGroup = 65534

// asUser runs work with the file system rights of another user, see setfsuid(2). These are the rights of one thread,
// so work runs in a thread that ends with it. Goroutines that it starts have the rights of root. asUser returns
// false, and does not run work, if this process cannot take on these rights, as in a user namespace without that user.
func asUser(uid int, work func()) (ok bool) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and not unlocked, so that the thread ends with the goroutine
		if ok = become(uid); ok {
			work()
		}
	}()
	<-done
	return ok
}

// become gives this thread the rights of a user. The system calls for file system IDs report no errors, so it reads
// the IDs back.
func become(uid int) bool {
	if _, _, err := syscall.RawSyscall(syscall.SYS_SETGROUPS, 0, 0, 0); err != 0 {
		return false
	}
	_ = syscall.Setfsgid(noGroup)
	_ = syscall.Setfsuid(uid)
	gid, ok := currentID(syscall.SYS_SETFSGID)
	return ok && gid == noGroup && user() == uid && dropCapabilities()
}

// dropCapabilities removes the capabilities of this thread, see capset(2), except CAP_SETGID for withGroup. The kernel
// itself removes only some of them with the user ID, and none in a process with SECBIT_NO_SETUID_FIXUP. With others,
// such as CAP_SYS_PTRACE, root would still have access that the user does not have.
func dropCapabilities() bool {
	const version3, setgid = 0x20080522, 1 << 6
	header := struct {
		version uint32
		pid     int32
	}{version: version3}
	data := [2]struct{ effective, permitted, inheritable uint32 }{{effective: setgid, permitted: setgid}}
	_, _, err := syscall.RawSyscall(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data)), 0)
	return err == 0
}

// user returns the user ID with whose rights this thread accesses files.
func user() int {
	if uid, ok := currentID(syscall.SYS_SETFSUID); ok {
		return uid
	}
	return os.Geteuid()
}

// currentID returns the current ID that a system call sets. An invalid ID changes nothing.
func currentID(call uintptr) (id int, ok bool) {
	if runtime.GOARCH == "386" || runtime.GOARCH == "arm" {
		call += 77 // SYS_SETFSUID32 or SYS_SETFSGID32; the others have IDs of 16 bits
	}
	now, _, err := syscall.RawSyscall(call, ^uintptr(0), 0, 0)
	return int(now), err == 0
}

// withGroup calls do with the group of a file, if it belongs to the user of asUser. Otherwise do has no rights of that
// group, because the user may not be a member.
func withGroup(like fs.FileInfo, do func() error) error {
	if uid, gid := Owner(like); uid == user() && uid != os.Geteuid() {
		_ = syscall.Setfsgid(gid)
		defer func() { _ = syscall.Setfsgid(noGroup) }()
	}
	return do()
}
