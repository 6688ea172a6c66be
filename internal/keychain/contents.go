package keychain

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"ecrlogin/internal/store"
)

// A key identifies an entry.
type key struct {
	host string
	id   store.Key
}

// keys returns the keys of all entries, in no particular order. The error is ErrUnavailable.
func (s *Store) keys(ctx context.Context) ([]key, error) {
	h, err := s.helper(ctx)
	if err != nil {
		return nil, err
	}
	names, err := h.List()
	if err != nil {
		return nil, explain(err)
	}
	var keys []key
	for n := range names {
		if host, id, ok := parse(n); ok {
			keys = append(keys, key{host, id})
		}
	}
	return keys, nil
}

// Entries returns the readable entries for which wanted returns true, including expired ones, in no particular order.
// It runs the helper once per entry. The error is ErrUnavailable.
func (s *Store) Entries(ctx context.Context, wanted func(host string, id store.Key) bool) ([]store.Kept, error) {
	keys, err := s.keys(ctx)
	if err != nil {
		return nil, err
	}
	var kept []store.Kept
	for _, k := range keys {
		if !wanted(k.host, k.id) {
			continue
		}
		e, err := s.Load(ctx, k.host, k.id)
		switch {
		case err == nil:
			kept = append(kept, store.Kept{Entry: e, For: k.id})
		case errors.Is(err, ErrUnavailable):
			return kept, err
		}
	}
	return kept, nil
}

// Erase removes the entries of hosts, or of store.AllHosts, for all identities, including invalid entries. It does not
// change anything else in the credential store.
func (s *Store) Erase(ctx context.Context, hosts ...string) error {
	keys, err := s.keys(ctx)
	for _, k := range keys {
		if slices.Contains(hosts, store.AllHosts) || slices.Contains(hosts, k.host) {
			err = errors.Join(err, s.Remove(ctx, k.host, k.id))
		}
	}
	return err
}

// Remove removes the entry of a host and identity, if it exists. The error is ErrUnavailable.
func (s *Store) Remove(ctx context.Context, host string, id store.Key) error {
	h, err := s.helper(ctx)
	if err == nil {
		err = explain(h.Delete(name(host, id)))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// swept is the number of entries that one sweep checks. Each check runs the helper.
const swept = 2

// Sweep checks a few entries and removes those that have expired. When it is called after each Save, it removes more
// entries than are added, as long as most of them have expired.
func (s *Store) Sweep(ctx context.Context, now time.Time) error {
	keys, err := s.keys(ctx) // in random order, from a map
	for _, k := range keys[:min(swept, len(keys))] {
		if e, loadErr := s.Load(ctx, k.host, k.id); loadErr == nil && !e.Valid(now) {
			err = errors.Join(err, s.Remove(ctx, k.host, k.id))
		}
	}
	return err
}
