package cache

import (
	"context"
	"errors"
	"slices"
	"time"

	"ecrlogin/internal/keychain"
	"ecrlogin/internal/store"
)

// A backend stores the tokens of a cache. Locks, generations and failures are files in the cache directory with every
// backend.
type backend interface {
	load(ctx context.Context, host string, id store.Key) (store.Entry, error)
	save(ctx context.Context, e store.Entry, id store.Key) error
	remove(ctx context.Context, host string, id store.Key) error
	// entries returns the entries for which wanted returns true. It does not read any others from a keychain.
	entries(ctx context.Context, wanted func(host string, id store.Key) bool) ([]store.Kept, error)
	// erase removes the entries of hosts, which may be store.AllHosts. It also removes failures, and changes generations.
	erase(ctx context.Context, hosts ...string) error
	// sweep removes expired entries, and old files from the directory.
	sweep(ctx context.Context, now time.Time) error
}

// backend returns the backend for a directory.
func (c *Cache) backend(dir files) backend {
	if c.Keychain == nil {
		return dir
	}
	return &inKeychain{files: dir, keychain: c.Keychain}
}

// files stores tokens in the cache directory.
type files struct {
	*store.Store       // nil if the directory is missing or unusable; the cache is then only listed and cleared
	err          error // why the directory is unusable
}

func (f files) load(_ context.Context, host string, id store.Key) (store.Entry, error) {
	return f.Load(host, id)
}

func (f files) save(_ context.Context, e store.Entry, id store.Key) error { return f.Save(e, id) }

func (f files) remove(_ context.Context, host string, id store.Key) error { return f.Remove(host, id) }

func (f files) entries(_ context.Context, wanted func(host string, id store.Key) bool) ([]store.Kept, error) {
	if f.Store == nil {
		return nil, f.err
	}
	all, err := f.Entries()
	return slices.DeleteFunc(all, func(k store.Kept) bool { return !wanted(k.Host, k.For) }), err
}

func (f files) erase(_ context.Context, hosts ...string) (err error) {
	if f.Store == nil {
		return f.err
	}
	for _, host := range hosts {
		err = errors.Join(err, f.Erase(host))
	}
	return err
}

func (f files) sweep(_ context.Context, now time.Time) error { return f.Sweep(now) }

// inKeychain stores tokens in the keychain. If the keychain is unavailable, it is not used again: each try could take
// seconds or prompt the user.
type inKeychain struct {
	files
	keychain *keychain.Store
	lost     error // why the keychain is unavailable
}

func (b *inKeychain) load(ctx context.Context, host string, id store.Key) (e store.Entry, err error) {
	err = b.try(func() error {
		e, err = b.keychain.Load(ctx, host, id)
		return err
	})
	return e, err
}

// save also removes all tokens from the directory, where they are from before the keychain was configured.
func (b *inKeychain) save(ctx context.Context, e store.Entry, id store.Key) error {
	return errors.Join(b.RemoveTokens(), b.try(func() error { return b.keychain.Save(ctx, e, id) }))
}

func (b *inKeychain) remove(ctx context.Context, host string, id store.Key) error {
	return b.try(func() error { return b.keychain.Remove(ctx, host, id) })
}

func (b *inKeychain) entries(ctx context.Context, wanted func(host string, id store.Key) bool) ([]store.Kept, error) {
	return b.keychain.Entries(ctx, wanted)
}

func (b *inKeychain) erase(ctx context.Context, hosts ...string) error {
	return errors.Join(b.files.erase(ctx, hosts...), b.keychain.Erase(ctx, hosts...))
}

func (b *inKeychain) sweep(ctx context.Context, now time.Time) error {
	return errors.Join(b.files.sweep(ctx, now), b.try(func() error { return b.keychain.Sweep(ctx, now) }))
}

// try calls f, unless the keychain is unavailable.
func (b *inKeychain) try(f func() error) error {
	if b.lost != nil {
		return b.lost
	}
	err := f()
	if errors.Is(err, keychain.ErrUnavailable) {
		b.lost = err
	}
	return err
}
