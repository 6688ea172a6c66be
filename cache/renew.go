package cache

import (
	"context"
	"fmt"
	"time"

	"ecrlogin/internal/store"
)

// renew returns an entry to use instead of old, which is past half of its lifetime: a new one if this process
// renews it and that succeeds in time, or else old. ok is false if old has expired in the meantime.
func (l *level) renew(ctx context.Context, old store.Entry) (e store.Entry, ok bool) {
	path, unlock, locked := l.lockToRenew(ctx)
	if !locked {
		return old, old.Valid(l.now()) // another process renews it
	}
	defer unlock()
	if newer, err := l.load(ctx, l.id); err == nil && newer.Fresh(l.now()) {
		return newer, true
	}
	var reason string
	if f, ok := l.store.LoadFailure(l.host, l.id); ok && l.age(f) < renewPause && !l.maybeFixed(f) {
		reason = fmt.Sprintf("%v (%s ago)", l.errorOf(f), l.age(f).Round(time.Second))
	} else if left := old.End().Sub(l.now()); left > 0 {
		l.markRequest(path)
		renewed, _, err := l.toRenew(old, min(renewTimeout, left)).requestAndStore(ctx)
		if err == nil {
			return renewed, true
		}
		reason = err.Error()
	}
	if !old.Valid(l.now()) {
		return store.Entry{}, false
	}
	l.notRenewed(old, reason)
	return old, true
}

// toRenew returns the level for the renewal of a valid token, with a time limit.
func (l *level) toRenew(old store.Entry, limit time.Duration) *level {
	r := *l
	r.renewal, r.oldPassword = true, old.Password
	r.start, r.began = time.Now(), l.now()
	if end := r.start.Add(limit); r.end.IsZero() || end.Before(r.end) {
		r.end = end
	}
	return &r
}

// notRenewed prints why a token could not be renewed.
func (l *level) notRenewed(e store.Entry, reason string) {
	if l.Notices == nil {
		return
	}
	unit := time.Minute
	left := time.Unix(e.Expiry, 0).Sub(l.now())
	if left < 2*unit {
		unit = time.Second
	}
	fmt.Fprintf(l.Notices, "token could not be renewed, using the cached one (valid for %s): %s\n",
		left.Round(unit), reason)
}

// renewWait is how long a renewal waits for a lock whose holder seems to be stopped. The holder may have just got the
// lock, and not have called markRequest yet.
const renewWait = 100 * time.Millisecond

// longestRequest is how long the holder of a lock may have been requesting a token until renewals use the next lock.
const longestRequest = time.Minute

// lockToRenew locks one of the locks. It does not wait for a process that is requesting a token, unless that started
// so long ago that it must be stopped.
func (l *level) lockToRenew(ctx context.Context) (path string, unlock func(), ok bool) {
	for _, path := range l.locks() {
		if unlock, ok := l.store.TryLock(path); ok {
			return path, unlock, true
		}
		if l.requestedRecently(path) {
			return "", nil, false
		}
		if unlock, err := l.lock(ctx, path, time.Now().Add(renewWait)); err == nil {
			return path, unlock, true
		}
		if l.requestedRecently(path) {
			return "", nil, false
		}
	}
	return "", nil, false
}
