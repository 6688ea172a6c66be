// Package store keeps tokens in a folder, one in a file, for as long as they live. A file is named by the registry's
// host and by a hash of what decides the AWS identity, so that an entry is found without asking AWS anything and never
// by another identity.
//
// It imports little of the standard library and nothing else, because it answers before the rest of the program is
// initialised: each package that is initialised late makes it wait for more of the others.
package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// ErrUnsafe is wrapped by errors that say why a folder or an entry is not used: others could have written it or could
// read it.
var ErrUnsafe = errors.New("not used")

// maxEntry bounds what is read of an entry, in bytes; a password has about 2,000.
const maxEntry = 64 << 10

// A Store is an open folder of entries. It may be used by many processes and goroutines at once. Close it.
type Store struct {
	root *os.Root
	dir  string
}

// Dir returns the folder to keep entries in: AWS_ECR_CACHE_DIR, or ecr-login below the user's cache folder
// (XDG_CACHE_HOME or ~/.cache, ~/Library/Caches, %LocalAppData%). Root without a HOME, as daemons run, has
// /var/cache/ecr-login. It is "" when nothing is to be kept: with AWS_ECR_DISABLE_CACHE, and for others without a HOME.
func Dir() string {
	if os.Getenv("AWS_ECR_DISABLE_CACHE") != "" {
		return ""
	}
	if dir := os.Getenv("AWS_ECR_CACHE_DIR"); dir != "" {
		return dir
	}
	if dir, err := os.UserCacheDir(); err == nil {
		return dir + "/ecr-login"
	}
	return systemDir()
}

// Open opens the folder. It is an error that wraps fs.ErrNotExist when it is not there, and ErrUnsafe when it is a link,
// somebody else's, or writable by others.
func Open(dir string) (*Store, error) {
	info, err := os.Lstat(dir)
	if errors.Is(err, notFolder) { // a part of the path is a file, so the folder is not there either
		err = &fs.PathError{Op: "lstat", Path: dir, Err: fs.ErrNotExist}
	}
	if err != nil {
		return nil, err
	}
	if err := safe(info); err != nil {
		return nil, fmt.Errorf("the cache folder %s is %w, because it %w", dir, ErrUnsafe, err)
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: errors.New("not a folder")}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	// The folder may have been replaced since it was looked at.
	if opened, err := root.Stat("."); err != nil || !os.SameFile(info, opened) {
		root.Close()
		return nil, fmt.Errorf("the cache folder %s is %w, because it was replaced while it was opened", dir, ErrUnsafe)
	}
	return &Store{root: root, dir: dir}, nil
}

// Create makes the folder, readable by its owner alone, if it is not there, and opens it.
func Create(dir string) (*Store, error) {
	s, err := Open(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return Open(dir)
}

// Close closes the folder.
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
// version, nor over what is not an ordinary file.
func (s *Store) Save(e Entry, id Identity) error {
	if _, err := s.Load(e.Host, id); errors.Is(err, ErrLater) || errors.Is(err, ErrUnsafe) {
		return err
	}
	b, err := e.Encode()
	if err != nil {
		return err
	}
	return s.write(name(e.Host, id, entrySuffix), b)
}

func (s *Store) read(name string) ([]byte, error) {
	info, err := s.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if err := safe(info); err != nil {
		return nil, fmt.Errorf("the cache entry %s is %w, because it %w", s.dir+"/"+name, ErrUnsafe, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("the cache entry %s is %w, because it is not a regular file", s.dir+"/"+name, ErrUnsafe)
	}
	f, err := s.root.OpenFile(name, os.O_RDONLY|nonBlocking, 0) // what it was replaced by may be a pipe
	if err != nil {
		return nil, err
	}
	defer f.Close()
	opened, err := f.Stat()
	if err != nil || !opened.Mode().IsRegular() {
		return nil, errors.New("replaced while it was opened")
	}
	if opened.Size() > maxEntry {
		return nil, errors.New("larger than any entry")
	}
	b := make([]byte, opened.Size()) // info's may be that of an entry which this one has replaced
	n, err := io.ReadFull(f, b)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return b[:n], nil
}

// write writes a file by way of a temporary one in the same folder.
func (s *Store) write(name string, b []byte) (err error) {
	temp := name[:strings.LastIndexByte(name, '.')] + "." + random() + tempSuffix
	f, err := s.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = s.root.Rename(temp, name)
	}
	if err != nil {
		_ = s.root.Remove(temp) // what cannot be removed now is swept later
	}
	return err
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
