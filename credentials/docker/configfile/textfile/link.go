package textfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxLinks is how many links may lead from one to the next, as on Linux.
const maxLinks = 40

// follow returns where a path leads, which may be to a file or folder that does not exist. It goes from name to name,
// because ".." behind a link counts from where that leads, and because links that lead nowhere must be found too.
func follow(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	at, ahead := root(path)
	for links := 0; len(ahead) > 0; {
		name := ahead[0]
		ahead = ahead[1:]
		next := filepath.Join(at, name) // which takes care of ".." and of nothing at all
		info, err := os.Lstat(next)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			at = next // what is wrong with it, whoever opens it will find out
			continue
		}
		to, err := os.Readlink(next)
		if err != nil {
			return "", cause(err)
		}
		if links++; links > maxLinks {
			return "", errors.New("it leads to itself")
		}
		names := strings.Split(filepath.ToSlash(to), "/")
		if filepath.IsAbs(to) {
			at, names = root(to)
		}
		ahead = append(names, ahead...)
	}
	return at, nil
}

// root takes an absolute path apart.
func root(path string) (top string, names []string) {
	volume := filepath.VolumeName(path)
	return volume + string(filepath.Separator), strings.Split(filepath.ToSlash(path[len(volume):]), "/")
}

// mkdirAll makes the folders that are missing.
func mkdirAll(dir string, mode fs.FileMode) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := mkdirAll(filepath.Dir(dir), mode); err != nil {
		return err
	}
	if err := os.Mkdir(dir, mode); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil
		}
		return err
	}
	return errors.Join(os.Chmod(dir, mode), inherit(dir)) // the umask may have taken too much
}
