package store

import (
	"errors"
	"slices"
)

// Erase removes the files of a host for all identities: tokens, including invalid ones, and failures. A token that is
// being fetched is not stored either; see Generation.
func (s *Store) Erase(host string) error {
	return s.erase(func(f file) bool { return f.host == host }, host)
}

// Clear is like Erase for all hosts.
func (s *Store) Clear() error {
	return s.erase(func(file) bool { return true })
}

// RemoveTokens removes all tokens, and temporary files, which may contain a part of one. It does not change generations.
func (s *Store) RemoveTokens() error {
	files, err := s.files()
	return errors.Join(err, s.remove(files, func(f file) bool { return f.suffix == entrySuffix || f.suffix == tempSuffix }))
}

// Remove removes the token of a host and identity, if it exists.
func (s *Store) Remove(host string, id Key) error {
	return ignoreMissing(s.root.Remove(name(host, id, entrySuffix)))
}

// erase removes the files that match, except locks, which other processes may hold. Before that, it changes the
// generations of their hosts and of the given ones: a process that saves a token afterward notices the change, and a
// token that was saved before is removed.
func (s *Store) erase(match func(file) bool, hosts ...string) error {
	files, err := s.files()
	if err != nil {
		return err
	}
	for _, f := range files {
		if match(f) && !slices.Contains(hosts, f.host) {
			hosts = append(hosts, f.host)
		}
	}
	full := slices.DeleteFunc(hosts, func(host string) bool { return s.newGeneration(host) == nil })
	files, err = s.files()
	err = errors.Join(err, s.remove(files, func(f file) bool {
		return match(f) && (f.suffix == entrySuffix || f.suffix == failureSuffix || f.suffix == tempSuffix)
	}))
	for _, host := range full {
		_ = s.newGeneration(host) // there may be free space now; a read-only directory stores no tokens anyway
	}
	return err
}

// remove removes the files that match.
func (s *Store) remove(files []file, match func(file) bool) (err error) {
	for _, f := range files {
		if match(f) {
			err = errors.Join(err, ignoreMissing(s.root.Remove(f.name)))
		}
	}
	return err
}

// generationName returns the name of the file that contains the generation of a host.
func generationName(host string) string { return name(host, Login, erasedSuffix) }

// noGeneration is the generation of a host that was not erased in the last day.
const noGeneration = "none"

// Generation returns a text that changes with each Erase of the host and each Clear. A process that reads it before it
// fetches a token, and again after it has saved the token, notices an Erase in between.
func (s *Store) Generation(host string) string {
	b, err := s.read(generationName(host))
	if err != nil {
		return noGeneration
	}
	return string(b)
}

func (s *Store) newGeneration(host string) error {
	return s.write(generationName(host), []byte(random()))
}
