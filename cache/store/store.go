// Package store keeps tokens in a directory, one in a file, for as long as they live. A file is named by the registry's
// host and by a hash of what decides the AWS identity, so that an entry is found without asking AWS anything and never
// by another identity.
//
// It imports little of the standard library, and of this module what does the same, because it answers before the rest of the program
// is initialized: each package that is initialized late makes it wait for more of the others.
package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"ecrlogin/internal/atomicfile"
)

// maxEntry bounds what is read of an entry, in bytes; a password has about 2,000.
const maxEntry = 64 << 10

// A Store is an open directory of entries. It may be used by many processes and goroutines at once. Close it.
type Store struct {
	root *os.Root
	dir  string
}

// Open opens the directory. The error wraps fs.ErrNotExist when it does not exist; ErrUnsafe when its path is relative, when it is a
// link, belongs to another user or can be written to by others, and for root also when another user could replace it; and ErrUnusable
// where that is documented.
func Open(dir string) (*Store, error) { return open(dir, atomicfile.OpenPrivate) }

// Create creates the directory, for its owner alone, if it does not exist, and opens it. Its errors are those of Open.
func Create(dir string) (*Store, error) { return open(dir, atomicfile.MakePrivate) }

func open(dir string, open func(path string) (*os.Root, error)) (*Store, error) {
	root, err := open(dir)
	clean, _ := atomicfile.Clean(dir)
	if err != nil {
		return nil, failure(clean, err)
	}
	return &Store{root: root, dir: clean}, nil
}

// Close closes the directory.
func (s *Store) Close() error { return s.root.Close() }

// The files of a key differ by their suffixes.
const (
	entrySuffix   = ".token"
	failureSuffix = ".failure"
	lockSuffix    = ".lock"
	deputySuffix  = ".deputy.lock"
	erasedSuffix  = ".erased"
	tempSuffix    = ".tmp"
)

// name returns the name of a key's file. The host comes first and in clear, for erase.
func name(host string, id Identity, suffix string) string {
	return host + "@" + id.String() + suffix
}

// LockPath returns the path of the file by which processes agree on who asks for this token.
func (s *Store) LockPath(host string, id Identity) string {
	return s.dir + "/" + name(host, id, lockSuffix)
}

// DeputyLockPath returns the path of the file by which processes that have waited too long for the holder of LockPath agree on who
// asks in its place.
func (s *Store) DeputyLockPath(host string, id Identity) string {
	return s.dir + "/" + name(host, id, deputySuffix)
}

// Load returns the entry of a host and identity, whether or not it has expired. The error wraps fs.ErrNotExist when
// there is none, ErrLater when it must be left alone, and ErrUnsafe when it is a link, no regular file, or somebody
// else's. Any other error says what is wrong with an entry that may be written over.
func (s *Store) Load(host string, id Identity) (Entry, error) {
	b, err := s.read(name(host, id, entrySuffix))
	if err != nil {
		return Entry{}, err
	}
	return Decode(b, host)
}

// Save writes an entry, in one step: a reader sees the old one or the new one. It does not write over one of a later
// version, nor over what is not an ordinary file. The error wraps ErrUnusable where that is documented.
func (s *Store) Save(e Entry, id Identity) error {
	if _, err := s.Load(e.Host, id); errors.Is(err, ErrLater) || errors.Is(err, ErrUnsafe) {
		return err
	}
	b, err := e.Encode()
	if err != nil {
		return err
	}
	if err := s.write(name(e.Host, id, entrySuffix), b); err != nil {
		return failure(s.dir, err)
	}
	return nil
}

func (s *Store) read(name string) ([]byte, error) {
	b, err := atomicfile.ReadPrivate(s.root, name, maxEntry)
	var unsafe *atomicfile.UnsafeError
	if errors.As(err, &unsafe) {
		return nil, unsafeEntry(s.dir+"/"+name, unsafe)
	}
	return b, err
}

// write writes a file in one step. What cannot be removed of a temporary file is swept later.
func (s *Store) write(name string, b []byte) error {
	temp, err := atomicfile.Create(s.root, name[:strings.LastIndexByte(name, '.')]+".", tempSuffix)
	if err != nil {
		return err
	}
	defer temp.Discard()
	if _, err := temp.Write(b); err != nil {
		return err
	}
	return temp.Rename(name)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// OpenLock opens the file of a lock, which LockPath or DeputyLockPath has returned, and creates it if it does not exist.
func (s *Store) OpenLock(path string) (*os.File, error) {
	return atomicfile.OpenLock(s.root, base(path))
}

// Locks reports whether a file that OpenLock has opened is still the one at the path, where others look for it.
func (s *Store) Locks(f *os.File, path string) bool {
	locked, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := s.root.Lstat(base(path))
	return err == nil && os.SameFile(locked, there)
}

// Touch sets the time of a lock's file.
func (s *Store) Touch(path string, t time.Time) { _ = s.root.Chtimes(base(path), t, t) }

// Touched returns the time of a lock's file; the zero time if there is none.
func (s *Store) Touched(path string) time.Time {
	info, err := s.root.Lstat(base(path))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// Probe creates the directory if it does not exist, and creates, locks and removes files in it, as keeping a token does. Its errors are
// those of Open; lock locks an open file.
func Probe(dir string, lock func(*os.File) error) error {
	s, err := Create(dir)
	if err != nil {
		return err
	}
	defer s.Close()
	lockName, entryName := name("probe.invalid", Login, lockSuffix), name("probe.invalid", Login, failureSuffix)
	err = s.write(entryName, make([]byte, 4<<10)) // as large as an entry
	if err == nil {
		err = ignoreMissing(s.root.Remove(entryName)) // another process may have been quicker
	}
	if err == nil {
		err = s.probeLock(lockName, lock)
	}
	if err != nil {
		return failure(s.dir, err)
	}
	return nil
}

func (s *Store) probeLock(name string, lock func(*os.File) error) error {
	f, err := atomicfile.OpenLock(s.root, name)
	if err != nil {
		return err
	}
	if err = lock(f); err != nil {
		err = fmt.Errorf("%w: %w", errNoLocks, err)
	}
	f.Close()
	return errors.Join(err, ignoreMissing(s.root.Remove(name)))
}
