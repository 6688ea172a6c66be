package vault

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"ecrlogin/cache/store"
)

// A key is what an entry is found by.
type key struct {
	host string
	id   store.Identity
}

// keys lists the entries by what they are found by, in no order. The error is ErrUnavailable.
func (v *Vault) keys(ctx context.Context) ([]key, error) {
	h, err := v.helper(ctx)
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

// Entries returns the entries that are wanted and can be read, also those that have expired, in no order. The store is asked
// for each. The error is ErrUnavailable.
func (v *Vault) Entries(ctx context.Context, wanted func(host string, id store.Identity) bool) ([]store.Kept, error) {
	keys, err := v.keys(ctx)
	if err != nil {
		return nil, err
	}
	var kept []store.Kept
	for _, k := range keys {
		if !wanted(k.host, k.id) {
			continue
		}
		e, err := v.Load(ctx, k.host, k.id)
		switch {
		case err == nil:
			kept = append(kept, store.Kept{Entry: e, For: k.id})
		case errors.Is(err, ErrUnavailable):
			return kept, err
		}
	}
	return kept, nil
}

// Erase removes the entries of a host, for all identities, also those that nobody can read.
func (v *Vault) Erase(ctx context.Context, host string) error {
	return v.erase(ctx, func(k key) bool { return k.host == host })
}

// Clear removes all entries, and nothing else that the store holds.
func (v *Vault) Clear(ctx context.Context) error {
	return v.erase(ctx, func(key) bool { return true })
}

func (v *Vault) erase(ctx context.Context, match func(key) bool) error {
	keys, err := v.keys(ctx)
	for _, k := range keys {
		if match(k) {
			err = errors.Join(err, v.Remove(ctx, k.host, k.id))
		}
	}
	return err
}

// Remove removes the entry of a host and identity, which may be gone already. The error is ErrUnavailable.
func (v *Vault) Remove(ctx context.Context, host string, id store.Identity) error {
	h, err := v.helper(ctx)
	if err == nil {
		err = explain(h.Delete(name(host, id)))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// swept is how many entries one sweep looks at. Each takes a run of the helper.
const swept = 2

// Sweep looks at a few entries and removes those that have expired. Done after each Save, that removes more than is
// added, for as long as most have expired.
func (v *Vault) Sweep(ctx context.Context, now time.Time) error {
	keys, err := v.keys(ctx) // in the random order of a map
	for _, k := range keys[:min(swept, len(keys))] {
		if e, loadErr := v.Load(ctx, k.host, k.id); loadErr == nil && !e.Valid(now) {
			err = errors.Join(err, v.Remove(ctx, k.host, k.id))
		}
	}
	return err
}
