package store

import (
	"encoding/hex"
	"errors"
	"runtime"
	"strings"
	"time"
)

// A file is a file of this package in the directory, described by its name.
type file struct {
	name   string
	host   string
	id     Key
	suffix string
}

// parseName parses the name of a file: HOST@KEY, for a temporary file 16 more hexadecimal digits, and a suffix.
func parseName(name string) (file, bool) {
	host, rest, ok := strings.Cut(name, "@")
	if !ok || host == "" || len(rest) < 64 {
		return file{}, false
	}
	f := file{name: name, host: host, suffix: rest[64:]}
	if n, err := hex.Decode(f.id[:], []byte(rest[:64])); err != nil || n != len(f.id) {
		return file{}, false
	}
	if random, ok := strings.CutSuffix(f.suffix, tempSuffix); ok && len(random) == 17 && random[0] == '.' {
		f.suffix = tempSuffix
	}
	switch f.suffix {
	case entrySuffix, failureSuffix, erasedSuffix, routeSuffix, tempSuffix:
		return f, true
	}
	return f, f.isLock()
}

// isLock reports whether the file is a lock, possibly one of an earlier version, such as HOST@KEY.deputy.lock.
func (f file) isLock() bool { return strings.HasSuffix(f.suffix, lockSuffixes[0]) }

// files returns the files of this package in the directory. It ignores other files.
func (s *Store) files() ([]file, error) {
	dir, err := s.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	var all []file
	for _, name := range names {
		if f, ok := parseName(name); ok {
			all = append(all, f)
		}
	}
	return all, nil
}

// A Kept is an entry and its key.
type Kept struct {
	Entry
	For Key
}

// Entries returns all valid entries, including expired ones, in no particular order.
func (s *Store) Entries() ([]Kept, error) {
	files, err := s.files()
	if err != nil {
		return nil, err
	}
	var all []Kept
	for _, f := range files {
		if f.suffix != entrySuffix {
			continue
		}
		if e, err := s.Load(f.host, f.id); err == nil {
			all = append(all, Kept{e, f.id})
		}
	}
	return all, nil
}

// sweepMark is the name of a file whose modification time is that of the last Sweep.
const sweepMark = ".ecr-login-swept"

// day is longer than the lifetime of a token, and than any process writes or waits.
const day = 24 * time.Hour

// Sweep removes files of this package that were not written for a day: expired entries, and files left by killed
// processes. It does so at most once a day, and ignores files with other names. It removes a lock file only while it
// holds the lock.
func (s *Store) Sweep(now time.Time) error {
	if mark, err := s.root.Lstat(sweepMark); err == nil && now.Sub(mark.ModTime()).Abs() < day {
		return nil
	}
	_ = s.root.Remove(sweepMark)
	if err := s.root.WriteFile(sweepMark, nil, 0o600); err != nil {
		return err
	}
	files, err := s.files()
	for _, f := range files {
		info, statErr := s.root.Lstat(f.name)
		if statErr == nil && info.Mode().IsRegular() && now.Sub(info.ModTime()) > day {
			err = errors.Join(err, s.sweep(f))
		}
	}
	return err
}

// sweep removes a file, unless it is a lock that another process holds.
func (s *Store) sweep(f file) error {
	if f.isLock() {
		unlock, ok := s.TryLock(f.name)
		if !ok {
			return nil
		}
		if runtime.GOOS == "windows" { // which cannot remove open files
			unlock()
		} else {
			defer unlock()
		}
	}
	return ignoreMissing(s.root.Remove(f.name))
}
