package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/atomicfile"
	"ecrlogin/internal/userfile"
	"ecrlogin/refresh"
)

// A state is a file as it was read.
type state struct {
	info    fs.FileInfo // nil if there is no file
	content []byte      // nil if it was not read; cut off one byte after userfile.MaxSize
	unread  error       // why an existing file was not read
}

// A writer replaces the file of a target.
type writer struct {
	*target
	place  *atomicfile.Place
	dir    *os.Root
	prefix string // of temporary files
}

// at calls work with the writer for the place that the path leads to. Targets with the same file take turns.
func (t *target) at(work func(*writer) error) error {
	return t.explain(atomicfile.Shared(t.Path, func(p *atomicfile.Place) (err error) {
		defer lock(p.Path())()
		w := &writer{target: t, place: p, prefix: "." + p.Name() + ".ecr-token-refresh-"}
		if w.dir, err = p.MakeDir(0); err != nil {
			return w.inaccessible(err)
		}
		return work(w)
	}))
}

// check returns an error if the file cannot be written, as far as that is known without writing.
func (w *writer) check(content render) error {
	_, err := w.compare(refresh.Credential{Login: w.Login}, content)
	return err
}

// attempts is how often a file is read again that another process changes meanwhile.
const attempts = 10

// errAgain reports that another process has changed the file, or removed the temporary file, while it was replaced.
var errAgain = errors.New("another process keeps changing the file")

// write replaces the file, if it differs.
func (w *writer) write(ctx context.Context, c refresh.Credential, content render) error {
	if err := atomicfile.RemoveAbandoned(w.dir, w.prefix, ""); err != nil {
		w.warn("abandoned", fmt.Sprintf("%s: a temporary file of a process that was killed cannot be removed: %v; "+
			"it contains a password, so remove it", w.Path, atomicfile.Cause(err)))
	}
	for range attempts {
		d, err := w.compare(c, content)
		if err != nil || d.none() {
			return err
		}
		if err := w.replace(ctx, d); !errors.Is(err, errAgain) {
			return err
		}
	}
	return errAgain
}

// A difference is between what a file is and what it should be.
type difference struct {
	old     *state
	content []byte
	want    attributes
}

func (d *difference) none() bool {
	return d.old.info != nil && d.old.unread == nil && bytes.Equal(d.old.content, d.content) && d.want.match(d.old.info)
}

func (w *writer) compare(c refresh.Credential, content render) (*difference, error) {
	old, err := w.read()
	if err != nil {
		return nil, err
	}
	after, err := content(c, old)
	if err != nil {
		return nil, err
	}
	want, err := w.attributes(old.info)
	return &difference{old, after, want}, err
}

// replace replaces what was read.
func (w *writer) replace(ctx context.Context, d *difference) error {
	temp, err := atomicfile.Create(w.dir, w.prefix, "")
	if err != nil {
		return w.unwritable(err)
	}
	defer temp.Discard()
	temp.Lock()
	if _, err := temp.Write(d.content); err != nil {
		return w.unwritable(err)
	}
	if err := w.finish(temp, d.want); err != nil {
		return err
	}
	switch now, err := w.read(); {
	case err != nil:
		return err
	case !now.same(d.old):
		return errAgain
	case ctx.Err() != nil:
		return w.stopped(ctx)
	}
	switch err := temp.Rename(w.place.Name()); {
	case errors.Is(err, fs.ErrNotExist):
		return errAgain
	case err != nil:
		return w.unwritable(err)
	}
	if w.Legacy && w.Mode == nil && d.old.info == nil {
		w.warn("mode", fmt.Sprintf(`%s: created with mode 0644, so that all users can read the password; `+
			`set "mode", and fsGroup in the securityContext of the pod if another user reads the file`, w.Path))
	}
	return nil
}

// read reads the file. It is not an error if the file does not exist or cannot be read.
func (w *writer) read() (*state, error) {
	info, err := w.dir.Lstat(w.place.Name())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &state{}, nil
	case err != nil:
		return nil, w.unwritable(err)
	case info.IsDir():
		return nil, advice.Errorf("%s: is a directory", w.Path).
			Then("specify the path of a file; a volume must be mounted at the directory that contains it")
	case !info.Mode().IsRegular():
		return nil, advice.Errorf("%s: is not a regular file", w.Path).Then("remove it, or specify another path")
	}
	s := &state{info: info}
	f, err := w.place.Open()
	if errors.Is(err, fs.ErrNotExist) {
		return &state{}, nil
	}
	if err == nil {
		defer f.Close()
		s.content, err = io.ReadAll(io.LimitReader(f, userfile.MaxSize+1))
	}
	s.unread = err
	return s, nil
}

// same reports whether two states are the same file with the same content.
func (s *state) same(other *state) bool {
	if s.info == nil || other.info == nil {
		return s.info == other.info
	}
	return os.SameFile(s.info, other.info) && s.info.Mode() == other.info.Mode() && bytes.Equal(s.content, other.content)
}

// locks contains a mutex for each path, so that targets with the same file do not write it at the same time.
var locks sync.Map

func lock(path string) (unlock func()) {
	value, _ := locks.LoadOrStore(path, new(sync.Mutex))
	mutex := value.(*sync.Mutex)
	mutex.Lock()
	return mutex.Unlock
}
