package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"runtime"
	"strconv"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/atomicfile"
)

// attributes are the permissions of a file.
type attributes struct {
	mode     fs.FileMode
	uid, gid int // -1 for those of a new file
}

// attributes returns what the file should have. info is that of the existing file, or nil.
func (t *target) attributes(info fs.FileInfo) (a attributes, err error) {
	a = attributes{0o600, -1, -1}
	switch {
	case t.keep && info != nil && runtime.GOOS != "windows":
		a.mode = info.Mode().Perm()
		a.uid, a.gid = atomicfile.Owner(info)
	case t.Legacy:
		a.mode = 0o644
	}
	if t.Mode != nil {
		a.mode = t.Mode.Perm()
	}
	if t.Owner != "" {
		a.uid, err = t.id("owner", t.Owner, userID)
	}
	if t.Group != "" && err == nil {
		a.gid, err = t.id("group", t.Group, groupID)
	}
	return a, err
}

// id returns the number of a user or group.
func (t *target) id(option, name string, look func(name string) (id string, err error)) (int, error) {
	if runtime.GOOS == "windows" {
		return 0, advice.Errorf("%s: %q is not supported on Windows", t.Path, option).Then("remove it")
	}
	id, err := strconv.ParseUint(name, 10, 31)
	if err != nil {
		var text string
		if text, err = look(name); err == nil {
			id, err = strconv.ParseUint(text, 10, 31)
		}
	}
	if err != nil {
		return 0, advice.Errorf("%s: unknown %s %q", t.Path, option, name).
			Then("specify its number; names are those of the container in which this program runs")
	}
	return int(id), nil
}

func userID(name string) (string, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return "", err
	}
	return u.Uid, nil
}

func groupID(name string) (string, error) {
	g, err := user.LookupGroup(name)
	if err != nil {
		return "", err
	}
	return g.Gid, nil
}

// match reports whether a file has the attributes. A file whose group is not set may have any group.
func (a attributes) match(info fs.FileInfo) bool {
	if runtime.GOOS == "windows" {
		return true
	}
	uid, gid := atomicfile.Owner(info)
	if a.uid == -1 {
		a.uid = os.Geteuid()
	}
	return info.Mode().Perm() == a.mode && uid == a.uid && (a.gid == -1 || gid == a.gid)
}

// finish sets the attributes of a temporary file and syncs it. The owner comes last, because only the owner can change
// the mode.
func (w *writer) finish(temp *atomicfile.Temp, want attributes) error {
	info, err := temp.Stat()
	if err != nil {
		return w.unwritable(err)
	}
	uid, gid := atomicfile.Owner(info)
	if want.gid != -1 && want.gid != gid {
		if err := temp.Chown(-1, want.gid); err != nil && (w.Group != "" || want.mode&0o044 == 0o040) {
			return w.notOwned("group", w.Group, want.gid, err)
		}
	}
	if err := temp.Finish(want.mode, nil); err != nil {
		return w.unwritable(err)
	}
	if want.uid != -1 && want.uid != uid {
		if err := temp.Chown(want.uid, -1); err != nil && (w.Owner != "" || want.mode&0o004 == 0) {
			return w.notOwned("owner", w.Owner, want.uid, err)
		}
	}
	return nil
}

// notOwned returns the error for an owner or group that cannot be set, or cannot be kept if none is configured. A file
// that all users can read is written nevertheless in the latter case.
func (t *target) notOwned(option, configured string, id int, err error) error {
	what, next := fmt.Sprintf("%s %d of the file cannot be kept", option, id), fmt.Sprintf("set %q and \"mode\"", option)
	if configured != "" {
		what, next = fmt.Sprintf("%s %q cannot be set", option, configured), fmt.Sprintf("remove %q", option)
	}
	if !errors.Is(err, fs.ErrPermission) {
		return advice.Errorf("%s: %s: %w", t.Path, what, atomicfile.Cause(err)).Then("%s", next)
	}
	run := "run this program as that user (runAsUser)"
	if option == "group" {
		run = "run this program in that group (fsGroup or supplementalGroups)"
	}
	return advice.Errorf("%s: %s%s: %w", t.Path, what, byUser(), atomicfile.Cause(err)).
		Then("%s or as root with the capability CHOWN, or %s", run, next)
}
