package store

import (
	"errors"
	"slices"
)

// Erase removes all that is kept of a host, for all identities: tokens, also those that cannot be read, and remembered
// failures. What is fetched at that time is not kept either, see Generation.
func (s *Store) Erase(host string) error {
	return s.erase(func(f file) bool { return f.host == host }, host)
}

// Clear removes all that is kept of any host.
func (s *Store) Clear() error {
	return s.erase(func(file) bool { return true })
}

// RemoveTokens removes all tokens, and what may be a part of one. Unlike Clear it is not what a user wanted: what is fetched at that
// time is kept.
func (s *Store) RemoveTokens() error {
	files, err := s.files()
	return errors.Join(err, s.remove(files, func(f file) bool { return f.suffix == entrySuffix || f.suffix == tempSuffix }))
}

// Remove removes the token of a host and identity, if there is one.
func (s *Store) Remove(host string, id Key) error {
	return ignoreMissing(s.root.Remove(name(host, id, entrySuffix)))
}

// erase removes our files that match, except locks, which may be held and which contain nothing. Before that it gives their hosts, and
// the named ones, another generation: a process that saves a token after that finds out, and what was saved before that is removed.
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

// remove removes those of the files that match.
func (s *Store) remove(files []file, match func(file) bool) (err error) {
	for _, f := range files {
		if match(f) {
			err = errors.Join(err, ignoreMissing(s.root.Remove(f.name)))
		}
	}
	return err
}

// A generation is kept in a file of the host, for no identity in particular.
func generationName(host string) string { return name(host, Login, erasedSuffix) }

// noGeneration is that of a host which was not erased in the last day.
const noGeneration = "none"

// Generation returns a text that changes with each Erase of the host, and each Clear. A process that reads it before it fetches a
// token, and again after it has saved that, notices an Erase meanwhile, however the two steps of both are interleaved.
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
