package atomicfile

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
)

// A Place is where a path leads after all links. There need not be a file.
type Place struct {
	walk
	info    fs.FileInfo
	err     error    // why info is nil
	foreign string   // see Foreign
	empty   string   // a parent directory that is empty and belongs to root, in a directory of another user
	dir     *os.Root // opened by MakeDir
}

// At calls work with the place that a path leads to, or with the error that occurs while its links are followed. The
// path must be absolute.
//
// If root gets to a directory or link of another user, it follows the rest of the path and calls work with the rights of
// that user, in another thread. If the system does not support this, the error is an UnsafeError. Links that mislead that
// user as well are not detected.
func At(path string, work func(p *Place, err error) error) error {
	return at(path, "", work)
}

// AtParent is like At, but if the last element of the path is a link, the link is the place.
func AtParent(path string, work func(p *Place, err error) error) error {
	dir, name := cut(path)
	return at(dir, name, work)
}

func at(path, name string, work func(p *Place, err error) error) (err error) {
	p := new(Place)
	defer p.close()
	failed := p.resolve(path, name)
	if p.foreign != "" {
		p.openBase()
		uid, _ := ownerOf(p.info)
		if asUser(uid, func() { err = work(p, p.proceed(name)) }) {
			return err
		}
	}
	return work(p, failed)
}

// resolve follows a path to its end, and then goes to a name in the directory there, if any. It stops with an
// UnsafeError where root gets to a directory or link of another user.
func (p *Place) resolve(path, name string) (err error) {
	if p.walk, err = newWalk(path); err != nil {
		return err
	}
	return p.proceed(name)
}

func (p *Place) proceed(name string) error {
	if err := p.run(p.visit); err != nil || name == "" {
		return err
	}
	p.at = join(p.at, name)
	info, err := os.Lstat(p.reach(p.at))
	return p.see(info, err)
}

func (p *Place) visit(path string, info fs.FileInfo, err error) error {
	if err == nil && isForeign(path, info) && asRoot() {
		p.foreign, p.info = path, info
		return &UnsafeError{path, "belongs to another user"}
	}
	return p.see(info, err)
}

// isForeign reports whether a directory or link does not belong to root. The top directory is trusted.
func isForeign(path string, info fs.FileInfo) bool {
	if uid, _ := ownerOf(info); uid == 0 || info.Mode()&(fs.ModeDir|fs.ModeSymlink) == 0 {
		return false
	}
	_, name := cut(path)
	return name != ""
}

// see records the information of the current element.
func (p *Place) see(info fs.FileInfo, err error) error {
	if err == nil {
		p.empty = ""
	} else if p.foreign != "" {
		parent, _ := cut(p.at) // p.info and p.err are still those of the parent
		switch {
		case errors.Is(p.err, fs.ErrNotExist):
			err = p.err
		case p.err == nil && isEmptyOfRoot(p.reach(parent), p.info):
			p.empty, err = parent, fs.ErrNotExist
		case errors.Is(err, fs.ErrPermission):
			return p.closed(parent)
		}
	}
	p.info, p.err = info, err
	return nil
}

func (p *Place) closed(path string) error {
	return &UnsafeError{path, "is closed to the owner of " + p.foreign + ", which leads there"}
}

func (p *Place) close() {
	if p.dir != nil {
		p.dir.Close()
	}
	if p.base != nil {
		p.base.Close()
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

// Stat returns the information of the file. The error wraps fs.ErrNotExist if there is no file.
func (p *Place) Stat() (fs.FileInfo, error) { return p.info, p.err }

// Open opens the file for reading. The error is an UnsafeError if the owner of Foreign cannot read it.
func (p *Place) Open() (*os.File, error) {
	if asRoot() {
		if err := p.openDir(0); err != nil {
			return nil, err
		}
		f, _, err := openRegular(p.dir, p.Name(), os.O_RDONLY)
		return f, err
	}
	f, err := os.OpenFile(p.reach(p.at), os.O_RDONLY|nonBlocking, 0)
	if p.foreign != "" && errors.Is(err, fs.ErrPermission) {
		return nil, p.closed(p.at)
	}
	return f, err
}

// MakeDir opens the directory that contains the file, to write there. It creates missing directories with the given
// mode. At closes the directory. The error is an UnsafeError if the directory or the file does not belong to the owner
// of Foreign.
func (p *Place) MakeDir(mode fs.FileMode) (*os.Root, error) {
	if p.empty != "" {
		_ = os.Remove(p.reach(p.empty)) // it is created again, for the user
	}
	if err := p.openDir(mode); err != nil {
		return nil, err
	}
	if p.foreign == "" {
		return p.dir, nil
	}
	info, err := p.dir.Stat(".")
	if err != nil {
		return nil, err
	}
	dir, _ := cut(p.at)
	return p.dir, cmp.Or(p.users(dir, info), p.users(p.at, p.info))
}

// users returns an error if a file exists and does not belong to the owner of Foreign, with whose rights this thread
// works.
func (p *Place) users(path string, info fs.FileInfo) error {
	if info == nil {
		return nil
	}
	if uid, _ := ownerOf(info); uid != user() {
		return &UnsafeError{path, "does not belong to the owner of " + p.foreign + ", which leads there"}
	}
	return nil
}

func (p *Place) openDir(mode fs.FileMode) (err error) {
	if p.dir == nil {
		dir, _ := cut(p.at)
		p.dir, err = p.makeDir(dir, mode)
	}
	return err
}
