package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// A Place is where a path leads, behind all links; there need not be a file. Close it.
type Place struct {
	steps  []step // from the top down
	held   bool   // whether directories are opened on the way, each in the one before
	strict bool   // whether they must all be root's
	user   int    // who owns the first directory or link on the way that is not root's; 0 if there is none
	where  string // its path
}

// A step is a name on the way.
type step struct {
	name string
	path string // that the name is the end of
	info fs.FileInfo
	err  error    // why there is no info
	dir  *os.Root // open; nil for what is not a directory
}

// Resolve follows a path, which must be absolute, from name to name, because ".." behind a link counts from where that
// leads, and because links that lead nowhere must be found too.
//
// For root, what belongs to root is trusted. From the first directory or link of another user's on, root goes only where
// that user can go, reads only what that user can read, and writes only in directories and files of that user's. Anything
// else is an UnsafeError. Who else can be misled by other users' links is not for this package to say.
func Resolve(path string) (*Place, error) { return resolve(path, asRoot(), false) }

// ResolveParent is like Resolve, but does not follow a link that the last name itself is.
func ResolveParent(path string) (*Place, error) {
	end := len(path)
	for end > 0 && !os.IsPathSeparator(path[end-1]) {
		end--
	}
	p, err := Resolve(path[:end])
	if err != nil {
		return nil, err
	}
	s := step{name: path[end:], path: join(p.Path(), path[end:])}
	s.info, s.err = p.lstat(&s)
	p.steps = append(p.steps, s)
	return p, nil
}

func resolve(path string, held, strict bool) (*Place, error) {
	top, rest, ok := split(path)
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: path, Err: errors.New("not an absolute path")}
	}
	p := &Place{held: held, strict: strict}
	if err := p.begin(top); err != nil {
		return nil, err
	}
	if err := p.follow(elements(rest)); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// begin goes to the top.
func (p *Place) begin(top string) (err error) {
	p.Close()
	s := step{name: top, path: top}
	s.info, s.err = os.Lstat(top)
	if p.held {
		s.dir, err = os.OpenRoot(top)
	}
	p.steps = []step{s}
	return err
}

// maxLinks is how many links may lead from one to the next, as on Linux.
const maxLinks = 40

func (p *Place) follow(ahead []string) error {
	for links := 0; len(ahead) > 0; {
		name := ahead[0]
		ahead = ahead[1:]
		if name == "." {
			continue
		}
		if name == ".." {
			p.up()
			continue
		}
		s := step{name: name, path: join(p.Path(), name)}
		s.info, s.err = p.lstat(&s)
		if s.err == nil && s.info.Mode()&fs.ModeSymlink != 0 {
			if links++; links > maxLinks {
				return errors.New("it leads to itself")
			}
			var err error
			if ahead, err = p.turn(s, ahead); err != nil {
				return err
			}
			continue
		}
		if err := p.enter(s); err != nil {
			return err
		}
	}
	return nil
}

// turn follows a link.
func (p *Place) turn(s step, ahead []string) ([]string, error) {
	if err := p.trust(&s); err != nil {
		return nil, err
	}
	var to string
	var err error
	if p.held {
		to, err = p.last().dir.Readlink(s.name)
	} else {
		to, err = os.Readlink(s.path)
	}
	if err != nil {
		return nil, err
	}
	top, rest, ok := split(to)
	if !ok {
		return append(elements(to), ahead...), nil
	}
	return append(elements(rest), ahead...), p.begin(top)
}

// enter goes on to what is no link.
func (p *Place) enter(s step) (err error) {
	if s.err == nil && s.info.IsDir() {
		if p.held {
			if s.dir, err = openDir(p.last().dir, s.name, s.info); err != nil {
				return err
			}
		}
		if err := p.trust(&s); err != nil && !(p.user != 0 && empty(s)) {
			s.close()
			return err
		}
	}
	p.steps = append(p.steps, s)
	return nil
}

// empty reports whether a directory is root's and has nothing in it: it may be one that another process of root's has just made
// and is about to give to the user.
func empty(s step) bool {
	if uid, _ := ownerOf(s.info); uid != 0 {
		return false
	}
	f, err := s.dir.Open(".")
	if err != nil {
		return false
	}
	defer f.Close()
	names, _ := f.Readdirnames(1)
	return len(names) == 0
}

// trust returns an error if root must not go on to a directory, or by a link.
func (p *Place) trust(s *step) error {
	if !asRoot() {
		return nil
	}
	uid, _ := ownerOf(s.info)
	switch {
	case p.user == 0 && uid == 0:
		return nil
	case p.strict:
		return &UnsafeError{s.path, "belongs to another user"}
	case p.user == 0:
		p.user, p.where = uid, s.path
		return nil
	case uid == p.user || s.info.Mode()&fs.ModeSymlink != 0 || s.info.Mode().Perm()&0o001 != 0:
		return nil
	default:
		return &UnsafeError{s.path, "is closed to the owner of " + p.where + ", which leads there"}
	}
}

// openDir opens a directory in another one, if it is the one that was looked at and not what it was replaced by since.
func openDir(parent *os.Root, name string, info fs.FileInfo) (*os.Root, error) {
	dir, err := parent.OpenRoot(name + separator + ".") // with the dot, a pipe is not waited for
	if err != nil {
		return nil, err
	}
	if opened, err := dir.Stat("."); err != nil || !os.SameFile(info, opened) {
		dir.Close()
		return nil, &UnsafeError{name, "was replaced while it was opened"}
	}
	return dir, nil
}

func (p *Place) last() *step { return &p.steps[len(p.steps)-1] }

func (p *Place) up() {
	if len(p.steps) > 1 {
		p.last().close()
		p.steps = p.steps[:len(p.steps)-1]
	}
}

func (p *Place) lstat(s *step) (fs.FileInfo, error) {
	at := p.last()
	switch {
	case at.err != nil:
		return nil, at.err
	case !p.held:
		return os.Lstat(s.path)
	case at.dir == nil:
		return nil, syscall.ENOTDIR
	}
	return at.dir.Lstat(s.name)
}

func (s *step) close() {
	if s.dir != nil {
		s.dir.Close()
	}
}

// Close closes the directories on the way, also the one that MakeDir has returned.
func (p *Place) Close() {
	for i := range p.steps {
		p.steps[i].close()
	}
}

// Path returns the path without links.
func (p *Place) Path() string { return p.last().path }

// Dir returns the path of the directory that Path is in.
func (p *Place) Dir() string { return p.steps[max(len(p.steps)-2, 0)].path }

// Name returns the last name of Path.
func (p *Place) Name() string { return p.last().name }

// Foreign returns the first directory or link on the way, for root, that belongs to another user; "" if there is none.
func (p *Place) Foreign() string { return p.where }

// Stat returns what the path leads to. The error wraps fs.ErrNotExist if there is nothing.
func (p *Place) Stat() (fs.FileInfo, error) { return p.last().info, p.last().err }
