package store

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"time"

	"ecrlogin/internal/atomicfile"
	"ecrlogin/internal/filelock"
)

// LockPaths returns the paths of the three locks of a token. A process that holds one of them may request the token
// from AWS. The second and the third lock are used while the holders of the previous ones take too long.
func (s *Store) LockPaths(host string, id Key) (paths [3]string) {
	for i, suffix := range lockSuffixes {
		paths[i] = s.dir + "/" + name(host, id, suffix)
	}
	return paths
}

// Lock locks the file at a path returned by LockPaths, and waits for other holders until ctx is done. The kernel
// releases the lock when the process exits. Only the first call of unlock has an effect.
func (s *Store) Lock(ctx context.Context, path string) (unlock func(), err error) {
	for range 100 {
		f, err := s.openLock(path)
		if err != nil {
			return nil, err
		}
		if err := filelock.Lock(ctx, f); err != nil {
			return nil, err
		}
		if s.locks(f, path) {
			return sync.OnceFunc(func() { f.Close() }), nil
		}
		f.Close() // the file was removed before it was locked; lock the new one
	}
	return nil, errors.New("lock file was removed repeatedly")
}

// TryLock is like Lock, but ok is false if another process holds the lock.
func (s *Store) TryLock(path string) (unlock func(), ok bool) {
	f, err := s.openLock(path)
	if err != nil {
		return nil, false
	}
	if ok, err := filelock.TryLock(f); err != nil || !ok || !s.locks(f, path) {
		f.Close()
		return nil, false
	}
	return sync.OnceFunc(func() { f.Close() }), true
}

// Wait waits until no process holds the lock, or ctx is done. All waiting processes continue at once.
func (s *Store) Wait(ctx context.Context, path string) {
	f, err := s.openLock(path)
	if err == nil && filelock.LockShared(ctx, f) == nil {
		f.Close()
	}
}

func (s *Store) openLock(path string) (*os.File, error) {
	return atomicfile.OpenLock(s.root, base(path))
}

// locks reports whether an open file is still the file at the path, which other processes use.
func (s *Store) locks(f *os.File, path string) bool {
	locked, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := s.root.Lstat(base(path))
	return err == nil && os.SameFile(locked, there)
}

// Touch sets the modification time of a lock file.
func (s *Store) Touch(path string, t time.Time) { _ = s.root.Chtimes(base(path), t, t) }

// Touched returns the modification time of a lock file; the zero time if it does not exist.
func (s *Store) Touched(path string) time.Time {
	info, err := s.root.Lstat(base(path))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
