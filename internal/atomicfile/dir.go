package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// Open opens the file for reading. It is an UnsafeError if the owner of a link or directory that leads there could not read
// it.
func (p *Place) Open() (*os.File, error) {
	if !p.held {
		return os.OpenFile(p.Path(), os.O_RDONLY|nonBlocking, 0)
	}
	if len(p.steps) < 2 || p.steps[len(p.steps)-2].dir == nil {
		return nil, syscall.EISDIR
	}
	f, info, err := openRegular(p.steps[len(p.steps)-2].dir, p.Name(), os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	if p.user != 0 && !p.users(info) && info.Mode().Perm()&0o004 == 0 {
		f.Close()
		return nil, &UnsafeError{p.Path(), "is closed to the owner of " + p.where + ", which leads there"}
	}
	return f, nil
}

// Private is like the function Private for a file at the place, except that a file in a directory of another user's, where root
// may work, must belong to that user.
func (p *Place) Private(info fs.FileInfo) error {
	if p.user != 0 && p.users(info) {
		return writable(p.Path(), info)
	}
	return Private(p.Path(), info)
}

// MakeDir opens the directory that the file is in, to write there. It creates the directories that are missing, with that
// mode, and for the owner of the one that each is in.
func (p *Place) MakeDir(mode fs.FileMode) (*os.Root, error) {
	dir, err := p.makeAll(p.steps[:max(len(p.steps)-1, 1)], mode)
	if err != nil {
		return nil, err
	}
	if s := p.last(); p.user != 0 && s.err == nil && !p.users(s.info) {
		return nil, p.refuse(p.Path())
	}
	return dir, nil
}

// makeAll opens the last of these directories.
func (p *Place) makeAll(steps []step, mode fs.FileMode) (*os.Root, error) {
	i := len(steps) - 1
	for i > 0 && errors.Is(steps[i].err, fs.ErrNotExist) {
		i--
	}
	if err := p.open(steps[:i+1], mode); err != nil {
		return nil, err
	}
	for i++; i < len(steps); i++ {
		if err := p.make(steps[:i+1], mode); err != nil {
			return nil, err
		}
	}
	return steps[len(steps)-1].dir, nil
}

// open opens the last of these directories, which exists, and checks that it may be written to.
func (p *Place) open(steps []step, mode fs.FileMode) (err error) {
	s := &steps[len(steps)-1]
	switch {
	case s.err != nil:
		return s.err
	case !p.held:
		if s.dir == nil {
			s.dir, err = os.OpenRoot(s.path)
		}
		return err
	case s.dir == nil:
		return &fs.PathError{Op: "open", Path: s.path, Err: syscall.ENOTDIR}
	case p.user == 0 || p.users(s.info):
		return nil
	case len(steps) == 1 || !p.users(steps[len(steps)-2].info):
		return p.refuse(s.path)
	}
	return p.adopt(steps, mode, false)
}

// make creates and opens the last of these directories. Another process may do the same at this moment.
func (p *Place) make(steps []step, mode fs.FileMode) (err error) {
	s, parent := &steps[len(steps)-1], steps[len(steps)-2].dir
	err = asOwner(parent, func() error { return parent.Mkdir(s.name, 0o700) })
	made := err == nil
	if !made && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if s.info, s.err = parent.Lstat(s.name); s.err != nil {
		return s.err
	}
	if s.dir, err = openDir(parent, s.name, s.info); err != nil {
		return err
	}
	return p.adopt(steps, mode, made)
}

func (p *Place) adopt(steps []step, mode fs.FileMode, made bool) (err error) {
	s := &steps[len(steps)-1]
	if err := adopt(steps[len(steps)-2].dir, s.dir, mode, made); err != nil {
		return err
	}
	if s.info, err = s.dir.Stat("."); err == nil && p.held && !p.users(s.info) {
		return p.refuse(s.path)
	}
	return err
}

// users reports whether something belongs to the user in whose directories the path is, or to root if it is in root's.
func (p *Place) users(info fs.FileInfo) bool {
	uid, _ := ownerOf(info)
	return uid == p.user
}

func (p *Place) refuse(path string) error {
	if p.where == "" {
		return &UnsafeError{path, "belongs to another user"}
	}
	return &UnsafeError{path, "does not belong to the owner of " + p.where + ", which leads there"}
}
