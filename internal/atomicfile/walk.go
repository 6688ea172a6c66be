package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"strings"
)

// A visit is called for each element of a path. The path that it gets contains no link, except that its last element
// may be one. info and err are the result of os.Lstat.
type visit func(path string, info fs.FileInfo, err error) error

// Walk follows an absolute path as the operating system does, and visits each element from the top down, links and
// their targets too. Missing elements are visited too, so that a link that leads to a missing file can be resolved.
// Walk stops at an error of visit and returns it.
func Walk(path string, visit visit) error {
	return new(walk).start(path, visit)
}

// A walk is the state of Walk.
type walk struct {
	at       string   // the current element
	ahead    []string // the names that follow
	links    int
	keepLink bool     // whether a link at the end of the path is not followed
	shared   bool     // see Shared
	foreign  string   // see Place.Foreign
	base     *os.Root // the directory foreign, whose parents its owner need not be able to access; nil if it is a link
	top      *os.Root // nil unless this thread has the rights of another user
}

// in returns the open directory via which this thread accesses a path with the rights of another user, its path, and
// the rest of the path. It returns nil if the thread has the rights of the process.
//
// An os.Root follows no links of /proc. Those of root's own process, such as /proc/self/cwd, lead past directories
// that are closed to the user.
func (w *walk) in(path string) (dir *os.Root, at, rest string) {
	if rest, ok := strings.CutPrefix(path, w.foreign); ok && w.base != nil && (rest == "" || os.IsPathSeparator(rest[0])) {
		return w.base, w.foreign, "." + rest
	}
	at, rest, _ = split(path)
	return w.top, at, "." + separator + rest
}

func (w *walk) lstat(path string) (fs.FileInfo, error) {
	if dir, _, rest := w.in(path); dir != nil {
		return dir.Lstat(rest)
	}
	return os.Lstat(path)
}

func (w *walk) readlink(path string) (string, error) {
	if dir, _, rest := w.in(path); dir != nil {
		return dir.Readlink(rest)
	}
	return os.Readlink(path)
}

func (w *walk) start(path string, visit visit) error {
	top, rest, ok := split(path)
	if !ok {
		return &fs.PathError{Op: "open", Path: path, Err: errors.New("not an absolute path")}
	}
	w.at, w.ahead = top, elements(rest)
	return w.proceed(visit)
}

// proceed visits the current element and those that follow.
func (w *walk) proceed(visit visit) error {
	for {
		info, err := w.lstat(w.at)
		if err := visit(w.at, info, err); err != nil {
			return err
		}
		switch {
		case err == nil && info.Mode()&fs.ModeSymlink != 0 && !(w.keepLink && len(w.ahead) == 0):
			if err := w.follow(); err != nil {
				return err
			}
			continue
		case len(w.ahead) == 0:
			return nil
		case w.ahead[0] == "..":
			w.at, _ = cut(w.at)
		default:
			w.at = join(w.at, w.ahead[0])
		}
		w.ahead = w.ahead[1:]
	}
}

// maxLinks is the maximum number of symbolic links to follow, as on Linux.
const maxLinks = 40

// follow replaces the current element, a link, by its target.
func (w *walk) follow() error {
	if w.links++; w.links > maxLinks {
		return &fs.PathError{Op: "readlink", Path: w.at, Err: errors.New("it points to itself")}
	}
	target, err := w.readlink(w.at)
	if err != nil {
		return err
	}
	top, rest, absolute := split(target)
	if !absolute {
		top, _ = cut(w.at)
		rest = target
	}
	w.at, w.ahead = top, append(elements(rest), w.ahead...)
	return nil
}
