package store

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// AllHosts is the host with which Erase removes the files of all hosts.
const AllHosts = "*"

// Erase removes the files of a host for all identities: tokens, including invalid ones, and failures. A token that is
// being fetched is not stored either; see Generation.
//
// Erase keeps locks that another process holds, and routes, which contain no secret; see EraseRoutes. It removes the
// other locks, because the key of an API's tokens, and so the name of its locks, is different after each Erase. It first
// changes the generations: a process that saves a token afterward notices the change, and a token that was saved before
// is removed.
func (s *Store) Erase(host string) error {
	match := func(f file) bool { return (host == AllHosts || f.host == host) && f.suffix != routeSuffix }
	files, err := s.files()
	if err != nil {
		return err
	}
	var hosts []string
	if host != AllHosts {
		hosts = append(hosts, host)
	}
	for _, f := range files {
		if match(f) && !slices.Contains(hosts, f.host) {
			hosts = append(hosts, f.host)
		}
	}
	full := slices.DeleteFunc(hosts, func(host string) bool { return s.newGeneration(host) == nil })
	err = s.remove(func(f file) bool {
		return match(f) && (f.suffix == entrySuffix || f.suffix == failureSuffix || f.suffix == tempSuffix)
	})
	for _, f := range files {
		if match(f) && f.isLock() {
			_ = s.sweep(f) // a lock that remains has no effect
		}
	}
	for _, host := range full {
		_ = s.newGeneration(host) // there may be free space now; a read-only directory stores no tokens anyway
	}
	return err
}

// RemoveTokens removes all tokens, and temporary files, which may contain a part of one. It does not change
// generations.
func (s *Store) RemoveTokens() error {
	return s.remove(func(f file) bool { return f.suffix == entrySuffix || f.suffix == tempSuffix })
}

// Remove removes the token of a host and identity, if it exists.
func (s *Store) Remove(host string, id Key) error {
	return ignoreMissing(s.root.Remove(name(host, id, entrySuffix)))
}

// remove removes the files that match.
func (s *Store) remove(match func(file) bool) error {
	files, err := s.files()
	for _, f := range files {
		if match(f) {
			err = errors.Join(err, ignoreMissing(s.root.Remove(f.name)))
		}
	}
	return err
}

// generationName returns the name of the file that contains the generation of a host.
func generationName(host string) string { return name(host, Login, erasedSuffix) }

// Generation returns a text that changes with each Erase of the host, and is never empty. A process that reads it
// before it fetches a token, and again after it has saved the token, notices an Erase in between.
func (s *Store) Generation(host string) string {
	b, err := s.read(generationName(host))
	if err != nil {
		return "none" // for a host that was not erased in the last day
	}
	return string(b)
}

func (s *Store) newGeneration(host string) error {
	return s.write(generationName(host), fmt.Appendf(nil, "%d by %d", time.Now().UnixNano(), os.Getpid()))
}
