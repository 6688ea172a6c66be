//go:build unix

package atomicfile

import (
	"io/fs"
	"os"
	"syscall"
)

// asRoot reports whether this process may do to files of all users what it likes, so that a user could make it do that.
func asRoot() bool { return os.Geteuid() == 0 }

// ownerOf returns the user ID and the group ID.
func ownerOf(info fs.FileInfo) (uid, gid int) {
	stat := info.Sys().(*syscall.Stat_t)
	return int(stat.Uid), int(stat.Gid)
}

// Private returns an error unless the file or directory is no link, belongs to this user, and can be written to by nobody
// else. The error is an UnsafeError.
func Private(path string, info fs.FileInfo) error {
	if info.Mode()&fs.ModeSymlink != 0 {
		return &UnsafeError{path, "is a link"}
	}
	if uid, _ := ownerOf(info); uid != os.Geteuid() {
		return &UnsafeError{path, "belongs to another user"}
	}
	return writable(path, info)
}

// writable returns an error if users other than the owner can write to a file or directory.
func writable(path string, info fs.FileInfo) error {
	if info.Mode().Perm()&0o022 != 0 {
		return &UnsafeError{path, "can be written to by others"}
	}
	return nil
}

// own gives an open file to the owner of another one. Only root can; for others that is right already, but for the group,
// which is theirs to choose among their own.
func own(f *os.File, like fs.FileInfo) error {
	uid, gid := ownerOf(like)
	if !asRoot() {
		_ = f.Chown(-1, gid)
		return nil
	}
	return f.Chown(uid, gid)
}

// foreign reports whether this process is root's and the directory another user's.
func foreign(dir *os.Root) bool {
	if !asRoot() {
		return false
	}
	info, err := dir.Stat(".")
	if err != nil {
		return false
	}
	uid, _ := ownerOf(info)
	return uid != 0
}

// inherit gives a file or directory that has just been created to the owner of the directory it is in, so that it does not
// shut that user out.
func inherit(dir *os.Root, f *os.File) error {
	if !asRoot() {
		return nil
	}
	info, err := dir.Stat(".")
	if err != nil {
		return err
	}
	return own(f, info)
}

func chmod(f *os.File, mode fs.FileMode) error { return f.Chmod(mode) }

// adopt sets the mode of a directory that this process has just created. It gives an empty directory of root's in another user's
// directory to that user, who could have created it as well.
func adopt(parent, dir *os.Root, mode fs.FileMode, made bool) error {
	f, err := dir.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	above, err := parent.Stat(".")
	if err != nil {
		return err
	}
	uid, _ := ownerOf(info)
	parentUID, _ := ownerOf(above)
	switch {
	case asRoot() && uid == 0 && parentUID != 0:
		if names, _ := f.Readdirnames(1); len(names) > 0 {
			return nil
		}
		if err := own(f, above); err != nil {
			return err
		}
	case !made || asRoot() && uid != parentUID: // not the one that was created
		return nil
	}
	return f.Chmod(mode) // the umask may have removed bits
}
