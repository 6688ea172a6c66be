package userfile

import (
	"errors"
	"io/fs"
	"path/filepath"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/atomicfile"
)

// WritePrivate writes a file with a secret, and replaces the file that a path leads to, if any. Only the owner of the
// new file can read it, whatever the mode of the old one was. It creates missing directories. If it returns an error,
// the file has not changed.
func WritePrivate(path string, content []byte) error {
	return at(path, false, func(p *atomicfile.Place) error { return write(path, p, content, 0o600, 0o700) })
}

// WritePublic is like WritePrivate, but all users can read the file, and root also replaces its own file in a directory
// of another user. The file of root belongs to the owner of the directory. The directory must exist.
func WritePublic(path string, content []byte) error {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return advice.Errorf("%s: %w", path, err).Then("specify an absolute path")
	}
	var written error
	if err := atomicfile.Shared(absolute, func(p *atomicfile.Place) error {
		written = write(path, p, content, 0o644, 0)
		return nil
	}); err != nil {
		return failure(path, "the link cannot be followed", err, "correct the link")
	}
	return written
}

// write replaces the file of a place. It creates missing directories with dirMode, unless that is 0.
func write(path string, p *atomicfile.Place, content []byte, mode, dirMode fs.FileMode) error {
	f := &File{Path: path, Target: p.Path()}
	info, err := p.Stat()
	switch {
	case p.Planted() != "":
		return advice.Errorf("%s: %s is a link of another user in a directory where all users can create files, "+
			"so nothing was written", path, p.Planted()).Then("specify another file")
	case err == nil && !info.Mode().IsRegular():
		return advice.Errorf("%s: not a regular file, so nothing was written", path).Then("specify another file")
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return f.unwritable(err)
	}
	temp, err := temporary(p, content, dirMode, mode, nil)
	if err == nil {
		defer temp.Discard() // does nothing after Rename
		err = temp.GiveToOwner()
	}
	if err == nil {
		err = temp.Rename(p.Name())
	}
	if err != nil {
		return f.unwritable(err)
	}
	return nil
}

// temporary writes a temporary file in the directory of a place, and creates missing directories with dirMode, unless
// that is 0. The file has the mode and owner of like, unless that is nil.
func temporary(
	p *atomicfile.Place, content []byte, dirMode, mode fs.FileMode, like fs.FileInfo,
) (*atomicfile.Temp, error) {
	dir, err := p.MakeDir(dirMode)
	if err != nil {
		return nil, err
	}
	return atomicfile.CreateFinished(dir, "."+p.Name()+".ecr-login-", "", content, mode, like)
}
