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
	"ecrlogin/internal/filelock"
	"ecrlogin/internal/userfile"
	"ecrlogin/refresh"
)

// A state is a file as it was read.
type state struct {
	info    fs.FileInfo // nil if there is no file
	content []byte      // nil if it was not read; cut off one byte after userfile.MaxSize
	unread  error       // why an existing file was not read
}

// attempts is how often a file is read again that another process changes meanwhile.
const attempts = 10

// write replaces the file at a place, if it differs.
func (t *target) write(ctx context.Context, p *atomicfile.Place, c refresh.Credential, content render) error {
	unlock, err := lock(ctx, p.Path())
	if err != nil {
		return t.stopped(ctx)
	}
	defer unlock()
	dir, err := p.MakeDir(0)
	if err != nil {
		return t.inaccessible(p, err)
	}
	prefix := "." + p.Name() + ".ecr-token-refresh-"
	if err := atomicfile.RemoveAbandoned(dir, prefix, ""); err != nil {
		t.warn("abandoned", fmt.Sprintf("%s: a temporary file of a process that was killed cannot be removed: %v; "+
			"it contains a password, so remove it", t.Path, atomicfile.Cause(err)))
	}
	for range attempts {
		if err = t.replace(ctx, p, dir, prefix, c, content); !errors.Is(err, errAgain) {
			return err
		}
	}
	return err
}

// errAgain reports that another process has changed the file, or removed the temporary file, while it was replaced.
var errAgain = errors.New("another process keeps changing the file")

func (t *target) replace(
	ctx context.Context, p *atomicfile.Place, dir *os.Root, prefix string, c refresh.Credential, content render,
) error {
	old, err := t.read(p, dir)
	if err != nil {
		return err
	}
	after, err := content(c, old)
	if err != nil {
		return err
	}
	want, err := t.attributes(old.info)
	if err != nil {
		return err
	}
	if old.info != nil && old.unread == nil && bytes.Equal(old.content, after) && want.match(old.info) {
		return nil
	}
	temp, err := atomicfile.Create(dir, prefix, "")
	if err != nil {
		return t.unwritable(p, err)
	}
	defer temp.Discard()
	_, _ = filelock.TryLock(temp.File) // against RemoveAbandoned; not all file systems have locks
	if _, err := temp.Write(after); err != nil {
		return t.unwritable(p, err)
	}
	if err := t.finish(p, temp, want); err != nil {
		return err
	}
	switch now, err := t.read(p, dir); {
	case err != nil:
		return err
	case !now.same(old):
		return errAgain
	case ctx.Err() != nil:
		return t.stopped(ctx)
	}
	switch err := temp.Rename(p.Name()); {
	case errors.Is(err, fs.ErrNotExist):
		return errAgain
	case err != nil:
		return t.unwritable(p, err)
	}
	if t.Legacy && t.Mode == nil && old.info == nil {
		t.warn("mode", fmt.Sprintf(`%s: created with mode 0644, so that all users can read the password; `+
			`set "mode", and fsGroup in the securityContext of the pod if another user reads the file`, t.Path))
	}
	return nil
}

// read reads the file. It is not an error if the file does not exist or cannot be read.
func (t *target) read(p *atomicfile.Place, dir *os.Root) (*state, error) {
	info, err := dir.Lstat(p.Name())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &state{}, nil
	case err != nil:
		return nil, t.unwritable(p, err)
	case info.IsDir():
		return nil, advice.Errorf("%s: is a directory", t.Path).
			Then("specify the path of a file; a volume must be mounted at the directory that contains it")
	case !info.Mode().IsRegular():
		return nil, advice.Errorf("%s: is not a regular file", t.Path).Then("remove it, or specify another path")
	}
	s := &state{info: info}
	f, err := p.Open()
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

// locks contains a channel of capacity 1 for each path, so that targets with the same file do not write it at the same
// time.
var locks sync.Map

func lock(ctx context.Context, path string) (unlock func(), err error) {
	value, _ := locks.LoadOrStore(path, make(chan struct{}, 1))
	one := value.(chan struct{})
	select {
	case one <- struct{}{}:
		return func() { <-one }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
