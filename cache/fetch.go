package cache

import (
	"context"
	"time"

	"ecrlogin/internal/store"
)

// fetch returns a token if none is cached: from the upstream level, or from another process that is requesting one.
//
// A token has three locks. A process waits for each of them until another third of its time is over. When it gets one,
// it requests the token. Failures are final for all processes that were waiting, except timeouts: a process that finds
// or causes a timeout sends another request as long as there is time.
func (l *level) fetch(ctx context.Context) (store.Entry, error) {
	if f, ok := l.loadFailure(); ok && l.applies(f) {
		return store.Entry{}, l.cachedError(f)
	}
	if l.unavailable {
		e, _, err := l.requestAndStore(ctx) // the result of another process could not be read
		return e, err
	}
	paths := l.locks()
	n, unlock := l.held(paths)
	for ; n < len(paths); n++ {
		var waited error
		if unlock == nil {
			unlock, waited = l.lock(ctx, paths[n], l.slotEnd(n))
		}
		if waited != nil && waited != errTooLong {
			l.log().Debug("not waiting for another process", "registry", l.registry.Host, "reason", waited)
			e, _, err := l.requestAndStore(ctx)
			return e, err
		}
		e, next, err := l.afterWait(ctx, paths, n, unlock)
		if !next {
			return e, err
		}
		unlock = nil
	}
	return l.outOfTime(ctx)
}

// afterWait is called when the process has got lock n, or with a nil unlock when it stops waiting for it. It returns
// the token or the failure of another process, or requests a token. If next is true, the process goes on to the next
// lock.
func (l *level) afterWait(
	ctx context.Context, locks [3]string, n int, unlock func(),
) (e store.Entry, next bool, err error) {
	if unlock != nil {
		defer unlock()
	}
	// The previous holder of the lock has stored its result.
	if e, err := l.load(ctx, l.id); err == nil && e.Valid(l.now()) {
		return e, false, nil
	}
	if f, ok := l.loadFailure(); ok && l.endedSince(f) && (!f.Timeout || !l.hasTime()) {
		return store.Entry{}, false, l.errorOf(f)
	}
	switch {
	case l.notStoredSince(l.began) || l.erased(): // waiting is useless: results are not stored
		if unlock != nil {
			unlock()
		}
		e, _, err := l.requestAndStore(ctx)
		return e, false, err
	case unlock == nil:
		l.log().Debug("not waiting any longer", "registry", l.registry.Host, "lock", n+1)
		return store.Entry{}, true, nil
	}
	for {
		l.markRequest(locks[n])
		e, retry, err := l.requestAndStore(ctx)
		if !retry {
			return e, false, err
		}
		if n < len(locks)-1 && time.Now().After(l.slotEnd(n)) {
			return store.Entry{}, true, nil // other processes may hold the next lock
		}
	}
}

// outOfTime is called when there is no time left to wait for other processes.
func (l *level) outOfTime(ctx context.Context) (store.Entry, error) {
	if l.end.IsZero() {
		e, _, err := l.requestAndStore(ctx)
		return e, err
	}
	if e, err := l.lastLook(ctx); err == nil && e.Valid(l.now()) {
		return e, nil
	}
	if ctx.Err() == context.Canceled {
		return store.Entry{}, interrupted(l.registry, ctx.Err())
	}
	err := interrupted(l.registry, context.DeadlineExceeded)
	if f, ok := l.loadFailure(); ok && l.endedSince(f) {
		err = l.errorOf(f)
	}
	return store.Entry{}, l.firstTimeout(err)
}
