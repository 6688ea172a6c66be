package atomicfile

import (
	"errors"
	"io/fs"
	"os"
)

// A Place is where a path leads after all links. There need not be a file.
type Place struct {
	walk
	info   fs.FileInfo
	err    error    // why info is nil
	public bool     // whether other users can replace names in a directory on the way
	dir    *os.Root // the directory of the file; nil before it is opened

	planted string // see Planted
}

// At calls work with the place that a path leads to, or with the error that occurs while its links are followed. With
// keepLink, a link at the end of the path is not followed, but is the place. The path must be absolute.
//
// If root gets to a directory or link of another user, it follows the rest of the path and calls work with the rights
// of that user, in another thread. If the system does not support this, the error is an UnsafeError. Links that
// mislead that user as well are not detected.
func At(path string, keepLink bool, work func(p *Place, err error) error) (err error) {
	p := &Place{walk: walk{keepLink: keepLink}}
	defer p.close()
	failed := p.start(path, p.visit)
	if p.foreign != "" {
		if err := p.openTop(); err != nil {
			return work(p, err)
		}
		uid, _ := Owner(p.info)
		if asUser(uid, func() { err = work(p, p.proceed(p.visit)) }) {
			return err
		}
	}
	return work(p, failed)
}

// Shared calls work with the place that a path leads to, with the rights of this process. It is for files that other
// users read, in directories that may belong to them or that they may write to, such as a volume of several containers.
//
// If this process is root's, Shared returns an UnsafeError if a link on the way belongs to another user, who could
// redirect root by it. It opens each directory relative to the one above. In a directory, that user could still
// replace every name, but redirect root to no other directory.
func Shared(path string, work func(*Place) error) error {
	p := &Place{walk: walk{shared: true}}
	defer p.close()
	if err := p.start(path, p.visit); err != nil {
		return err
	}
	return work(p)
}

// openTop opens the top directory, and the directory of another user that root has reached, for the thread that works
// with the rights of that user. If the latter fails, the user needs access to its parents.
func (p *Place) openTop() (err error) {
	top, _, _ := split(p.at)
	if p.top, err = os.OpenRoot(top); err != nil {
		return err
	}
	base, err := openRoot(p.at)
	if err != nil {
		return nil
	}
	if opened, err := base.Stat("."); err != nil || !os.SameFile(p.info, opened) { // it was replaced, or is a link
		return base.Close()
	}
	p.base = base
	return nil
}

// visit records the information of an element. It returns an UnsafeError for the first one where root must not continue
// with its own rights. The top directory is trusted.
func (p *Place) visit(path string, info fs.FileInfo, err error) error {
	parent, name := cut(path)
	if p.foreign != "" && errors.Is(err, fs.ErrPermission) {
		return p.closed(parent)
	}
	p.info, p.err = info, err
	if err != nil || name == "" || info.Mode()&(fs.ModeDir|fs.ModeSymlink) == 0 {
		return nil
	}
	if info.IsDir() && info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0 {
		p.public = true
	}
	uid, _ := Owner(info)
	if info.Mode()&fs.ModeSymlink != 0 && p.planted == "" && p.mayBePlanted(parent, uid) {
		p.planted = path
	}
	switch {
	case uid == 0 || !asRoot() || p.shared && info.IsDir():
		return nil
	case p.shared:
		return &UnsafeError{path, "is a link of another user"}
	}
	p.foreign = path
	return &UnsafeError{path, "belongs to another user"}
}

// asRoot reports whether this thread has the file system rights of root, so that another user could misuse them.
func asRoot() bool { return user() == 0 }

func (p *Place) closed(path string) error {
	return &UnsafeError{path, "is closed to the owner of " + p.foreign + ", which leads there"}
}

func (p *Place) close() {
	for _, dir := range []*os.Root{p.dir, p.base, p.top} {
		if dir != nil {
			dir.Close()
		}
	}
}

// Path returns the path without links.
func (p *Place) Path() string { return p.at }

// Name returns the last element of Path.
func (p *Place) Name() string {
	_, name := cut(p.at)
	return name
}

// Foreign returns, for root, the first directory or link on the way that belongs to another user; "" if there is none.
func (p *Place) Foreign() string { return p.foreign }

// Planted returns the first link on the way that another user may have created to redirect this process; "" if there is
// none. Linux does not follow such links either (fs.protected_symlinks), but a Place resolves links itself.
func (p *Place) Planted() string { return p.planted }

// mayBePlanted reports whether all users can create links in a directory, such as /tmp, and the owner of a link there
// is neither root, nor this user, nor the owner of the directory.
func (p *Place) mayBePlanted(dir string, owner int) bool {
	if owner == 0 || owner == user() {
		return false
	}
	info, err := p.lstat(dir)
	if err != nil {
		return true
	}
	uid, _ := Owner(info)
	return info.Mode().Perm()&0o002 != 0 && uid != owner
}

// Stat returns the information of the file. The error wraps fs.ErrNotExist if there is no file.
func (p *Place) Stat() (fs.FileInfo, error) { return p.info, p.err }

// Open opens the file for reading. The error is an UnsafeError if the owner of Foreign cannot read it, or if this is a
// Shared place, this process is root's, and the file has several names: it may be a file of root that another user has
// linked there to get a copy.
func (p *Place) Open() (*os.File, error) {
	if p.foreign == "" && !asRoot() {
		return os.OpenFile(p.at, os.O_RDONLY|nonBlocking, 0)
	}
	var f *os.File
	var info fs.FileInfo
	err := p.openDir(0)
	if err == nil {
		f, info, err = openRegular(p.dir, p.Name(), os.O_RDONLY)
	}
	if err == nil && p.shared && hardLinks(info) > 1 {
		f.Close()
		return nil, &UnsafeError{p.at, "has several hard links"}
	}
	if p.foreign != "" && errors.Is(err, fs.ErrPermission) {
		err = p.closed(p.at)
	}
	return f, err
}

// MakeDir opens the directory that contains the file, to write there. It creates missing directories with the given
// mode. At closes the directory. The error is an UnsafeError if the directory or the file does not belong to the owner
// of Foreign.
func (p *Place) MakeDir(mode fs.FileMode) (*os.Root, error) {
	if err := p.openDir(mode); err != nil || p.foreign == "" {
		return p.dir, err
	}
	info, err := p.dir.Stat(".")
	if err != nil {
		return nil, err
	}
	path, _ := cut(p.at)
	if p.isUsers(info) && p.info != nil {
		path, info = p.at, p.info
	}
	if !p.isUsers(info) {
		return nil, &UnsafeError{path, "does not belong to the owner of " + p.foreign + ", which leads there"}
	}
	return p.dir, nil
}

// isUsers reports whether a file belongs to the user with whose rights this thread works.
func (p *Place) isUsers(info fs.FileInfo) bool {
	uid, _ := Owner(info)
	return uid == user()
}

func (p *Place) openDir(mode fs.FileMode) (err error) {
	if p.dir == nil {
		dir, _ := cut(p.at)
		p.dir, err = p.makeDir(dir, mode)
	}
	return err
}
