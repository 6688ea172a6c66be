// Package cache is the Source that remembers, across processes, what another Source answered.
//
// A token is found by what decides the AWS identity, so a hit asks nobody anything. Of any number of processes that miss,
// one asks and the others get its answer. Wherever the folder cannot be used, the cache is as if it were not there: it
// never makes anything fail.
package cache

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"ecrlogin/cache/store"
	"ecrlogin/cache/vault"
	"ecrlogin/credentials"
	"ecrlogin/registry"
)

// Cache is a Source around a Source. It may be used by many goroutines and processes at once.
type Cache struct {
	Source credentials.Source // required
	Dir    string             // the folder; "" keeps nothing. See store.Dir
	Vault  *vault.Vault       // keeps the tokens in place of the folder, which then holds nothing secret; nil for the folder
	Config string             // the configuration file that a flag names, as store.Gather takes it; "" for none
	// Variables are those on which the Source's identity depends beside those that are always covered, as store.Gather takes them.
	Variables []string
	// Inputs returns the snapshot that the process took before it read the configuration that the Source follows; nil to take one at the
	// beginning of each call.
	Inputs func() (store.Snapshot, error)

	Notices io.Writer        // gets a line for what a user should know although there is a token; nil discards it
	Log     *slog.Logger     // nil discards it
	Now     func() time.Time // nil means time.Now

	// A process may have begun to wait for others before it made the Cache, for a token of one registry.
	Since      time.Time                                  // since when it has been waiting; zero means from each call on
	Held       func(path string) (unlock func(), ok bool) // hands over a lock file that it has locked already, see store.LockPath; nil for none
	Generation string                                     // what store.Generation returned for the registry then; "" means at the beginning of each call
}

// How long things take or are remembered.
const (
	// renewTimeout is the longest that one process waits for a new token while it has a valid one.
	renewTimeout = 5 * time.Second
	// renewPause is how long nobody tries to renew a valid token after that has failed.
	renewPause = time.Minute
	// slow is what a failure must have taken to be remembered: a quick one is tried afresh, since that costs nothing.
	slow = time.Second
	// remembered is for how long. BuildKit runs a helper that fails up to 29 times in a row.
	remembered = 10 * time.Second
)

// Token returns the token that was given to Keep for the registry while it is valid. Else it returns the one that is kept for
// the registry and this process's AWS identity if it is fresh, and otherwise the Source's. One that is past half of its life
// is renewed by one process, while the others are given it; when it cannot be renewed, it is good until it expires. Its
// errors are the Source's, also those that another process got.
func (c *Cache) Token(ctx context.Context, r registry.Registry) (credentials.Token, error) {
	k, ok := c.open(r)
	if !ok {
		return c.Source.Token(ctx, r)
	}
	defer k.store.Close()
	// The clock is read after every step, since a keychain may take seconds.
	if login, err := k.load(ctx, store.Login); err == nil && login.Valid(c.now()) {
		k.logHit("token of a login", login)
		return token(login), nil
	}
	entry, err := k.load(ctx, k.id)
	k.note(err)
	switch now := c.now(); {
	case err == nil && entry.Fresh(now):
		k.logHit("cache hit", entry)
		return token(entry), nil
	case err == nil && entry.Valid(now):
		if t, ok := k.renew(ctx, entry); ok {
			return t, nil
		}
	}
	return k.fetch(ctx)
}

// A key is one token's place in the cache, for the time of one call.
type key struct {
	*Cache
	registry   registry.Registry
	store      *store.Store
	before     store.Snapshot
	id         store.Identity // of before
	generation string         // of the registry when the call began
	lost       error          // why the Vault is not asked any more
}

// open finds the key's place; ok is false when nothing can be kept.
func (c *Cache) open(r registry.Registry) (k *key, ok bool) {
	if c.Dir == "" {
		return nil, false
	}
	take := c.Inputs
	if take == nil {
		take = func() (store.Snapshot, error) { return store.Take(c.Config) }
	}
	before, err := take()
	if errors.Is(err, store.ErrTooLarge) {
		err = fmt.Errorf("tokens are not cached: %w; remove unused profiles from it", err)
	}
	if err != nil {
		c.notice(err)
		c.log().Debug("not cached", "reason", err)
		return nil, false
	}
	s, err := store.Create(c.Dir)
	if err != nil {
		c.notice(err)
		c.log().Debug("not cached", "reason", err)
		return nil, false
	}
	before = before.With(c.Variables)
	return &key{Cache: c, registry: r, store: s, before: before, id: before.Identity(), generation: cmp.Or(c.Generation, s.Generation(r.Host))}, true
}

// notice tells a user what is not safe or too large, what else they can be expected to correct, and why the Vault that was chosen
// cannot be asked. All else that keeps the cache from working is nobody's mistake and goes to the log.
func (c *Cache) notice(err error) {
	if c.Notices == nil {
		return
	}
	for _, told := range []error{store.ErrUnsafe, store.ErrTooLarge, store.ErrUnusable, vault.ErrUnavailable} {
		if errors.Is(err, told) {
			fmt.Fprintln(c.Notices, err)
			return
		}
	}
}

func (k *key) logHit(what string, e store.Entry) {
	k.log().Debug(what, "registry", k.registry.Host, "expires in", time.Unix(e.Expiry, 0).Sub(k.now()).Round(time.Second))
}

func (k *key) note(err error) {
	if err != nil && err != k.lost && !errors.Is(err, fs.ErrNotExist) {
		k.notice(err)
		k.log().Debug("cache entry not used", "registry", k.registry.Host, "reason", err)
	}
}

func entry(r registry.Registry, t credentials.Token) store.Entry {
	return store.Entry{
		Host: r.Host, Account: r.Account, Region: r.Region, As: t.As,
		Username: t.Username, Password: t.Password, Issued: t.Issued.Unix(), Expiry: t.Expiry.Unix(),
	}
}

func token(e store.Entry) credentials.Token {
	return credentials.Token{Username: e.Username, Password: e.Password, As: e.As, Issued: time.Unix(e.Issued, 0).UTC(), Expiry: time.Unix(e.Expiry, 0).UTC()}
}

func (c *Cache) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

func (c *Cache) log() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log
}
