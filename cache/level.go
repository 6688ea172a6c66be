package cache

import (
	"cmp"
	"context"
	"time"

	"ecrlogin/internal/store"
)

// A level of the cache contains the tokens of a registry, or those of an API, which are valid for all of its
// registries. The level of a registry gets its tokens from that of the API, and that one from the Source. Both have
// entries, failures and locks of the same form.
type level struct {
	*call
	downstream *level    // the level that gets its tokens from this one, or nil
	host       string    // of the files: the registry's host, or the name of the API
	id         store.Key // of the identity
	generation string    // of the host when the call began

	// A token is needed between start and end, by the real clock; end is zero if there is no deadline.
	start, end  time.Time
	began       time.Time // start, by the clock of the cache
	requested   time.Time // the first request, by the clock of the cache; zero if there was none
	timeout     error     // the first timeout of a request, which had the most time; nil if there was none
	renewal     bool      // whether there is a valid token
	oldPassword string    // the password of that token
}

// ofRegistry returns the level of the call's registry.
func (k *call) ofRegistry(ctx context.Context) *level {
	l := &level{
		call: k, host: k.registry.Host, id: k.before.Key(), start: k.Since, began: k.Since,
		generation: cmp.Or(k.Generation, k.store.Generation(k.registry.Host)),
	}
	if k.Since.IsZero() {
		l.start, l.began = time.Now(), k.now()
	}
	l.end, _ = ctx.Deadline()
	return l
}

// upstream returns the level from which l gets its tokens: that of the API, or nil for the Source. ECR Public has one
// host for each API, and a Source without CacheKey may have another identity for each host.
//
// The key contains the generation, so that a token that was requested before an Erase is not found after it, even if
// it is stored after it. It does not contain the host, and of the configuration only the identity.
func (l *level) upstream() *level {
	api := l.registry.API()
	identity, ok := identity(l.Source, l.registry)
	if !ok || l.registry.Public || l.host == api {
		return nil
	}
	upstream := *l
	upstream.downstream, upstream.host, upstream.generation = l, api, l.store.Generation(api)
	upstream.requested, upstream.timeout, upstream.oldPassword = time.Time{}, nil, ""
	upstream.id = l.before.WithIdentity(identity + "\n" + upstream.generation).Key()
	return &upstream
}

// token returns the entry of the level if it is fresh, or else renews or fetches it.
func (l *level) token(ctx context.Context) (store.Entry, error) {
	e, err := l.load(ctx, l.id)
	l.note(err)
	switch now := l.now(); {
	case err == nil && e.Fresh(now):
		l.logHit("cache hit", e)
		return e, nil
	case err == nil && e.Valid(now):
		if e, ok := l.renew(ctx, e); ok {
			return e, nil
		}
	}
	return l.fetch(ctx)
}

// request returns an entry from the upstream level, or from the Source.
func (l *level) request(ctx context.Context) (e store.Entry, err error) {
	if upstream := l.upstream(); upstream != nil {
		if e, err = upstream.token(ctx); err == nil {
			e.Host, e.Account = l.registry.Host, l.registry.Account
		}
		return e, err
	}
	if end := l.requestEnd(); !end.IsZero() {
		limited, cancel := context.WithDeadline(ctx, end)
		defer cancel()
		defer func() {
			if err != nil && limited.Err() == context.DeadlineExceeded {
				err = expired{err}
			}
		}()
		ctx = limited
	}
	t, err := l.Source.Token(ctx, l.registry)
	l.changed = l.changed || !l.before.Unchanged()
	if err != nil {
		return store.Entry{}, err
	}
	e = entry(l.registry, t)
	if l.host != e.Host {
		e.Host, e.Account = l.host, ""
	}
	return e, nil
}

// requestAndStore calls request and stores the token or the failure. If request fails, it returns the token of another
// process that has succeeded, if there is one, or else the error; retry reports that it was a timeout and that there is
// time for another request. A timeout of ECR Public is like any failure, because clients can continue without a
// password.
func (l *level) requestAndStore(ctx context.Context) (e store.Entry, retry bool, err error) {
	began := time.Now()
	if l.requested.IsZero() {
		l.requested = l.now()
	}
	e, err = l.request(ctx)
	if reason := l.outdated(); reason != nil {
		l.notStored(reason)
		return e, false, err
	}
	if err != nil {
		if e, loadErr := l.lastLook(ctx); !l.renewal && loadErr == nil && e.Valid(l.now()) {
			return e, false, nil
		}
		timeout := isTimeout(err) && !l.registry.Public
		retry = timeout && time.Since(began) >= l.minRequest() && l.hasTime() && ctx.Err() == nil
		if timeout {
			err = l.firstTimeout(err)
		}
		l.saveFailure(err, timeout, retry)
		return store.Entry{}, retry, err
	}
	if e.Password != l.oldPassword { // the upstream level may not have been able to renew its token
		l.keep(ctx, e)
	}
	return e, false, nil
}

// keep stores the entry that request returned.
func (l *level) keep(ctx context.Context, e store.Entry) {
	if err := l.save(ctx, e); err != nil { // save prints a notice if necessary
		l.notStored(err)
	} else {
		l.clearNotStored()
	}
	l.store.Forget(l.host, l.id)
	if l.host != l.registry.Host {
		return // the level of the registry sweeps
	}
	if err := l.tokens.sweep(ctx, l.now()); err != nil && !l.unavailable {
		l.log().Debug("sweeping the cache", "error", err)
	}
}
