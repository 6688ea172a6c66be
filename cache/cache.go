// Package cache is the Source that remembers, across processes, what another Source answered.
//
// A token is found by what decides the AWS identity, so a hit asks nobody anything. Of any number of processes that miss,
// one asks and the others get its answer. Wherever the folder cannot be used, the cache is as if it were not there: it
// never makes anything fail.
package cache

import (
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
	Source  credentials.Source // required
	Dir     string             // the folder; "" keeps nothing. See store.Dir
	Vault   *vault.Vault       // keeps the tokens in place of the folder, which then holds nothing secret; nil for the folder
	Config  string             // the configuration file that a flag names, as store.Gather takes it; "" for none
	Notices io.Writer          // gets a line for what a user should know although there is a token; nil discards it
	Log     *slog.Logger       // nil discards it
	Now     func() time.Time   // nil means time.Now

	// A process may have begun to wait for others before it made the Cache.
	Since time.Time // since when it has been waiting; zero means from each call on
	Held  string    // path of the lock file that it has locked already, see store.LockPath; "" for none
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
	now := c.now()
	if login, err := k.load(ctx, store.Login); err == nil && login.Valid(now) {
		c.log().Debug("token of a login", "registry", r.Host, "expires in", time.Unix(login.Expiry, 0).Sub(now).Round(time.Second))
		return token(login), nil
	}
	entry, err := k.load(ctx, k.id)
	k.note(err)
	switch {
	case err == nil && entry.Fresh(now):
		c.log().Debug("cache hit", "registry", r.Host, "expires in", time.Unix(entry.Expiry, 0).Sub(now).Round(time.Second))
		return token(entry), nil
	case err == nil && entry.Valid(now):
		return k.renew(ctx, entry), nil
	}
	return k.fetch(ctx)
}

// A key is one token's place in the cache, for the time of one call.
type key struct {
	*Cache
	registry registry.Registry
	store    *store.Store
	id       store.Identity
	lost     error // why the Vault is not asked any more
}

// open finds the key's place; ok is false when nothing can be kept.
func (c *Cache) open(r registry.Registry) (k *key, ok bool) {
	if c.Dir == "" {
		return nil, false
	}
	inputs, err := store.Gather(c.Config)
	if err != nil {
		c.log().Debug("not cached", "reason", err)
		return nil, false
	}
	s, err := store.Create(c.Dir)
	if err != nil {
		c.notice(err)
		c.log().Debug("not cached", "reason", err)
		return nil, false
	}
	return &key{Cache: c, registry: r, store: s, id: inputs.Identity()}, true
}

// notice tells a user what is not safe, and why the Vault that was chosen cannot be asked. All else that keeps the cache
// from working, a disk that cannot be written to for example, is nobody's mistake and goes to the log.
func (c *Cache) notice(err error) {
	if c.Notices != nil && (errors.Is(err, store.ErrUnsafe) || errors.Is(err, vault.ErrUnavailable)) {
		fmt.Fprintln(c.Notices, err)
	}
}

func (k *key) note(err error) {
	if err != nil && err != k.lost && !errors.Is(err, fs.ErrNotExist) {
		k.notice(err)
		k.log().Debug("cache entry not used", "registry", k.registry.Host, "reason", err)
	}
}

// renew returns a new token, if it is this process that fetches it and that succeeds soon, and else the one there is.
func (k *key) renew(ctx context.Context, entry store.Entry) credentials.Token {
	unlock, ok := k.tryLock()
	if !ok {
		return token(entry) // another process is at it
	}
	defer unlock()
	if newer, err := k.load(ctx, k.id); err == nil && newer.Fresh(k.now()) {
		return token(newer)
	}
	if f, ok := k.store.LoadFailure(k.registry.Host, k.id); ok && k.age(f) < renewPause && !mended(f) {
		k.notRenewed(entry, fmt.Sprintf("%s (%s ago)", f.Line, k.age(f).Round(time.Second)))
		return token(entry)
	}
	ctx, cancel := context.WithTimeout(ctx, renewTimeout)
	defer cancel()
	renewed, err := k.ask(ctx)
	if err != nil {
		k.notRenewed(entry, err.Error())
		return token(entry)
	}
	return renewed
}

func (k *key) notRenewed(entry store.Entry, reason string) {
	if k.Notices != nil {
		left := time.Unix(entry.Expiry, 0).Sub(k.now()).Round(time.Minute)
		fmt.Fprintf(k.Notices, "using a token that is valid for another %s, since it could not be renewed: %s\n", left, reason)
	}
}

// fetch gets a token when there is none: from the Source, or from another process that asks it at this moment.
func (k *key) fetch(ctx context.Context) (credentials.Token, error) {
	began := k.Since
	if began.IsZero() {
		began = k.now()
	}
	if f, ok := k.store.LoadFailure(k.registry.Host, k.id); ok && time.Duration(f.Ended-f.Began) > slow && k.age(f) < remembered && !mended(f) {
		return credentials.Token{}, &failure{f, k.age(f)}
	}
	if k.lost != nil {
		return k.ask(ctx) // nobody's answer could be found
	}
	unlock, err := k.lock(ctx)
	if err != nil {
		k.log().Debug("not waiting for another process", "registry", k.registry.Host, "reason", err)
		return k.ask(ctx)
	}
	defer unlock()
	// Whoever held the lock has left its answer behind.
	if entry, err := k.load(ctx, k.id); err == nil && entry.Valid(k.now()) {
		return token(entry), nil
	}
	if f, ok := k.store.LoadFailure(k.registry.Host, k.id); ok && k.age(f) < k.now().Sub(began) {
		return credentials.Token{}, &failure{Failure: f}
	}
	if k.unkeptSince(began) {
		unlock() // let the others through: waiting would bring them nothing
	}
	return k.ask(ctx)
}

// ask asks the Source, and keeps its answer or what it failed with.
func (k *key) ask(ctx context.Context) (credentials.Token, error) {
	began := k.now()
	t, err := k.Source.Token(ctx, k.registry)
	if err != nil {
		k.store.SaveFailure(k.registry.Host, k.id, store.Failure{
			Line:       err.Error(),
			NoIdentity: errors.Is(err, credentials.ErrNoIdentity),
			Began:      began.UnixNano(),
			Ended:      k.now().UnixNano(),
		})
		return credentials.Token{}, err
	}
	if err := k.save(ctx, entry(k.registry, t)); err != nil { // if a user should know, that has been said
		k.log().Debug("token not kept", "registry", k.registry.Host, "reason", err)
		k.markUnkept()
	}
	k.store.Forget(k.registry.Host, k.id)
	if err := k.store.Sweep(k.now()); err != nil {
		k.log().Debug("sweeping the cache", "error", err)
	}
	return t, nil
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
