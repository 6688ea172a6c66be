package cache

import (
	"context"
	"fmt"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/store"
)

// renew returns a token to use instead of entry, which is past half of its lifetime: a new token if this process
// renews it and that succeeds in time, or else entry. ok is false if entry has expired in the meantime.
func (k *key) renew(ctx context.Context, entry store.Entry) (t credentials.Token, ok bool) {
	unlock, locked := k.store.TryLock(k.leaderLock())
	if !locked {
		return token(entry), entry.Valid(k.now()) // another process renews it
	}
	defer unlock()
	if newer, err := k.load(ctx, k.id); err == nil && newer.Fresh(k.now()) {
		return token(newer), true
	}
	var reason string
	if f, ok := k.store.LoadFailure(k.registry.Host, k.id); ok && k.age(f) < renewPause && !k.mended(f) {
		reason = fmt.Sprintf("%v (%s ago)", k.errorOf(f), k.age(f).Round(time.Second))
	} else if left := entry.End().Sub(k.now()); left > 0 {
		renewed, err := k.ask(ctx, min(renewTimeout, left))
		if err == nil {
			return renewed, true
		}
		reason = err.Error()
	}
	if !entry.Valid(k.now()) {
		return credentials.Token{}, false
	}
	k.notRenewed(entry, reason)
	return token(entry), true
}

func (k *key) notRenewed(entry store.Entry, reason string) {
	if k.Notices == nil {
		return
	}
	unit := time.Minute
	left := time.Unix(entry.Expiry, 0).Sub(k.now())
	if left < 2*unit {
		unit = time.Second
	}
	fmt.Fprintf(k.Notices, "token could not be renewed, using the cached one (valid for %s): %s\n",
		left.Round(unit), reason)
}

// fetch returns a token if none is cached: from the Source, or from another process that is calling its Source.
func (k *key) fetch(ctx context.Context) (credentials.Token, error) {
	began := k.Since
	if began.IsZero() {
		began = k.now()
	}
	if f, ok := k.loadFailure(); ok && time.Duration(f.Ended-f.Began) > slow && k.age(f) < failureTTL && !k.mended(f) {
		return credentials.Token{}, k.cachedError(f)
	}
	if k.unavailable {
		return k.ask(ctx, 0) // the result of another process could not be read
	}
	// Of the processes whose wait for the leader timed out, one becomes its deputy. The others wait for the deputy.
	for _, path := range []string{k.leaderLock(), k.deputyLock()} {
		unlock, err := k.lock(ctx, path)
		if err != nil && err != errTooLong {
			k.log().Debug("not waiting for another process", "registry", k.registry.Host, "reason", err)
			break
		}
		if err == nil {
			defer unlock()
		}
		// The previous holder of the lock has stored its result.
		if entry, err := k.load(ctx, k.id); err == nil && entry.Valid(k.now()) {
			return token(entry), nil
		}
		if f, ok := k.loadFailure(); ok && err == nil && k.endedSince(f, began) {
			return credentials.Token{}, k.errorOf(f)
		}
		unkept := k.unkeptSince(began) // waiting is useless: results cannot be stored
		if err == nil && unkept {
			unlock()
		}
		if err == nil || unkept {
			break
		}
		k.log().Debug("not waiting any longer", "registry", k.registry.Host, "reason", err)
	}
	return k.ask(ctx, 0)
}

// loadFailure returns the last failure to fetch a token. It ignores failed renewals, which have less time than a get.
func (k *key) loadFailure() (f store.Failure, ok bool) {
	f, ok = k.store.LoadFailure(k.registry.Host, k.id)
	return f, ok && !f.Renewal
}

// ask calls the Source and stores the token or the failure. A limit other than 0 marks a renewal and is the time
// limit of the Source; storing the token is limited by ctx alone.
func (k *key) ask(ctx context.Context, limit time.Duration) (credentials.Token, error) {
	began, limited := k.now(), ctx
	if limit != 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	t, err := k.Source.Token(limited, k.registry)
	if reason := k.outdated(); reason != nil {
		k.unkept(reason)
		return t, err
	}
	if err != nil {
		if e, loadErr := k.lastLook(ctx); limit == 0 && loadErr == nil && e.Valid(k.now()) {
			return token(e), nil // another process has succeeded
		}
		f := failure(err)
		f.Renewal, f.Began, f.Ended = limit != 0, began.UnixNano(), k.now().UnixNano()
		k.store.SaveFailure(k.registry.Host, k.id, f)
		return credentials.Token{}, err
	}
	if err := k.save(ctx, entry(k.registry, t)); err != nil { // save prints a notice if necessary
		k.unkept(err)
	}
	k.store.Forget(k.registry.Host, k.id)
	if err := k.tokens.sweep(ctx, k.now()); err != nil && !k.unavailable {
		k.log().Debug("sweeping the cache", "error", err)
	}
	return t, nil
}
