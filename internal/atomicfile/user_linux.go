package atomicfile

import (
	"io/fs"
	"os"
	"runtime"
	"syscall"
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

// become gives this thread the rights of a user. The system calls for IDs report no errors, so it reads the IDs back.
func become(uid int) bool {
	_, _, failed := syscall.RawSyscall(syscall.SYS_SETGROUPS, 0, 0, 0)
	_ = syscall.Setfsgid(noGroup)
	_ = syscall.Setfsuid(uid)
	gid, _, _ := syscall.RawSyscall(syscall.SYS_SETFSGID, ^uintptr(0), 0, 0)
	return failed == 0 && int(gid) == noGroup && user() == uid
}

// user returns the user ID with whose rights this thread accesses files. An invalid ID changes nothing, and the system
// call returns the current one.
func user() int {
	uid, _, failed := syscall.RawSyscall(syscall.SYS_SETFSUID, ^uintptr(0), 0, 0)
	if failed != 0 {
		return os.Geteuid()
	}
	return int(uid)
}

// inGroup calls create, which creates a file in the directory, so that the file gets the group of the directory.
func inGroup(dir *os.Root, create func() error) error {
	info, err := dir.Stat(".")
	if err != nil {
		return err
	}
	return withGroup(info, create)
}

// withGroup calls do with the group of a file, if it belongs to the user of asUser. Otherwise do has no rights of that
// group, because the user may not be a member.
func withGroup(like fs.FileInfo, do func() error) error {
	if uid, gid := ownerOf(like); uid == user() && uid != os.Geteuid() {
		_ = syscall.Setfsgid(gid)
		defer func() { _ = syscall.Setfsgid(noGroup) }()
	}
	return do()
}

// openBase opens the directory of another user that root has reached, because that user may have no access to its
// parents. Without /proc, or if the directory was replaced, the path is used.
func (p *Place) openBase() {
	base, err := os.OpenFile(p.at, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return
	}
	p.base = base
	info, err := os.Stat(p.reach(p.at))
	if err != nil || !os.SameFile(info, p.info) {
		p.base = nil
		base.Close()
	}
}
