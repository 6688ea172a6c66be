package userfile

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"ecrlogin/internal/atomicfile"
)

// Backup writes what was read to another path, which belongs to who owns its directory and has the mode of the file, but can be
// written by its owner alone. There must be no file of that name.
func (f *File) Backup(path string) error {
	p, err := beside(path)
	if err != nil {
		return err
	}
	defer p.Close()
	if _, err := p.Stat(); err == nil {
		return fmt.Errorf("%s: not overwritten by a copy of %s; move it away", path, f.Path)
	}
	mode, dirMode := f.modes()
	if f.info != nil {
		mode = f.info.Mode().Perm() &^ 0o022
	}
	temp, err := f.temporary(p, f.Content, dirMode)
	if err != nil {
		return f.unwritable(err)
	}
	defer temp.Discard()
	if err := errors.Join(temp.Finish(mode, nil), temp.Rename(p.Name())); err != nil {
		return f.unwritable(err)
	}
	return nil
}

// Remove removes a file or link. One that does not exist is no error.
func Remove(path string) error {
	p, err := beside(path)
	if err != nil {
		return err
	}
	defer p.Close()
	if _, err := p.Stat(); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	dir, err := p.MakeDir(0)
	if err == nil {
		err = dir.Remove(p.Name())
	}
	if err != nil {
		return unremovable(path, err)
	}
	return nil
}

// beside follows a path to its directory, and no further.
func beside(path string) (*atomicfile.Place, error) {
	absolute, err := filepath.Abs(path)
	if err == nil {
		var p *atomicfile.Place
		if p, err = atomicfile.ResolveParent(absolute); err == nil {
			return p, nil
		}
	}
	return nil, failure(path, "its directory cannot be found", err, "see whether it exists")
}
