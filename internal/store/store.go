// Package store stores tokens in a directory, one per file. The name of a file consists of the registry's host and the
// key of the AWS identity, so that only processes with the same identity find an entry.
//
// It imports little of the standard library, and of this module only packages with the same restriction, because it
// runs before the rest of the program is initialized. Importing a package that is initialized late would delay it.
package store

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"ecrlogin/internal/atomicfile"
	"ecrlogin/internal/environ"
	"ecrlogin/internal/filelock"
)

// maxEntry is the maximum size of an entry, in bytes. A password has about 2,000.
const maxEntry = 64 << 10

// A Store is an open directory of entries. It is safe for concurrent use by processes and goroutines. Callers must
// call Close.
type Store struct {
	root *os.Root
	dir  string
	env  environ.Env
}

// Open opens the directory; env is the environment of the process. The error wraps fs.ErrNotExist if the directory
// does not exist; ErrUnsafe if its path is relative, if it is a link, belongs to another user or can be written to by
// others, and for root also if another user could replace it; and ErrUnusable in the cases documented there.
func Open(dir string, env environ.Env) (*Store, error) {
	return open(dir, env, atomicfile.OpenPrivate)
}

// Create creates the directory with mode 0700 if it does not exist, and opens it. Its errors are those of Open.
func Create(dir string, env environ.Env) (*Store, error) {
	return open(dir, env, atomicfile.MakePrivate)
}

func open(dir string, env environ.Env, open func(path string) (*os.Root, error)) (*Store, error) {
	root, err := open(dir)
	clean, _ := atomicfile.Clean(dir)
	if err != nil {
		return nil, failure(clean, env, err)
	}
	return &Store{root, clean, env}, nil
}

// Close closes the directory.
func (s *Store) Close() error { return s.root.Close() }

// The suffixes of the files of a key.
const (
	entrySuffix   = ".token"
	failureSuffix = ".failure"
	erasedSuffix  = ".erased"
	routeSuffix   = ".route"
	tempSuffix    = ".tmp"
)

// lockSuffixes are the suffixes of the locks of a key.
var lockSuffixes = [3]string{".lock", ".2.lock", ".3.lock"}

// name returns the name of a key's file. It starts with the host in clear text, so that erase can find it.
func name(host string, id Key, suffix string) string {
	return host + "@" + id.String() + suffix
}

// Load returns the entry of a host and identity, even if it has expired. The error wraps fs.ErrNotExist if there is
// no entry, ErrLater if a later version wrote it, and ErrUnsafe if it is a link, is not a regular file or belongs to
// another user. Any other error reports an invalid entry, which may be overwritten.
func (s *Store) Load(host string, id Key) (Entry, error) {
	b, err := s.read(name(host, id, entrySuffix))
	if err != nil {
		return Entry{}, err
	}
	return Decode(b, host)
}

// Save writes an entry atomically. It does not overwrite an entry of a later version or one that is not a regular
// file. The error wraps ErrUnusable in the cases documented there.
func (s *Store) Save(e Entry, id Key) error {
	if _, err := s.Load(e.Host, id); errors.Is(err, ErrLater) || errors.Is(err, ErrUnsafe) {
		return err
	}
	b, err := e.Encode()
	if err != nil {
		return err
	}
	if err := s.write(name(e.Host, id, entrySuffix), b); err != nil {
		return failure(s.dir, s.env, err)
	}
	return nil
}

func (s *Store) read(name string) ([]byte, error) {
	b, err := atomicfile.ReadPrivate(s.root, name, maxEntry)
	if unsafe, ok := errors.AsType[*atomicfile.UnsafeError](err); ok {
		return nil, fmt.Errorf("the cache entry %s/%s is %w, because it %s", s.dir, name, ErrUnsafe, unsafe.Reason)
	}
	return b, err
}

// write writes a file atomically. A temporary file that cannot be removed is removed by a later Sweep.
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

// Probe tests whether tokens can be stored: it creates the directory if it does not exist, and creates, locks and
// removes files in it. The errors are those of Open.
func Probe(dir string, env environ.Env) error { return probe(dir, env, filelock.TryLock) }

func probe(dir string, env environ.Env, tryLock func(*os.File) (ok bool, err error)) error {
	s, err := Create(dir, env)
	if err != nil {
		return err
	}
	defer s.Close()
	lockName, entryName := name("probe.invalid", Login, lockSuffixes[0]), name("probe.invalid", Login, failureSuffix)
	err = s.write(entryName, make([]byte, 4<<10)) // as large as an entry
	if err == nil {
		err = s.probeLock(lockName, tryLock)
	}
	for _, name := range []string{entryName, lockName} { // which another process may have removed
		err = cmp.Or(err, ignoreMissing(s.root.Remove(name)))
	}
	if err != nil {
		return failure(s.dir, s.env, err)
	}
	return nil
}

func (s *Store) probeLock(name string, tryLock func(*os.File) (ok bool, err error)) error {
	f, err := s.openLock(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := tryLock(f); err != nil { // a lock held by another process is not a failure
		return fmt.Errorf("%w: %w", errNoLocks, err)
	}
	return nil
}
