package fastpath

import (
	"context"
	"time"

	"ecrlogin/internal/store"
	"ecrlogin/internal/timelimit"
)

// A tokenFile is the location of a token in the cache.
type tokenFile struct {
	*store.Store
	host string
	id   store.Key
}

// valid returns the token if it exists and is valid.
func (t tokenFile) valid() (e store.Entry, ok bool) {
	e, err := t.Load(t.host, t.id)
	return e, err == nil && e.Valid(time.Now())
}

// wait locks one of the token's locks for main, or waits for the processes that hold them, in each slot of the time
// until the deadline for the next one. ok is true if one of them stores a token.
//
// It does not decide about failures: if a lock is released and there is no token, main continues. An exception is a
// failure because of a time limit, after which another request may succeed.
func (t tokenFile) wait(began, deadline time.Time) (e store.Entry, ok bool) {
	paths := t.LockPaths(t.host, t.id)
	for slot, path := range paths {
		end := timelimit.SlotEnd(began, deadline, slot)
		if slot == len(paths)-1 { // main needs time for its own request
			end = end.Add(time.Until(end) / -2)
		}
		if time.Until(end) <= 0 {
			continue
		}
		if unlock, locked := t.TryLock(path); locked {
			if e, ok = t.valid(); ok { // since the first look
				unlock()
				return e, true
			}
			held.path, held.unlock = path, unlock
			return store.Entry{}, false
		}
		ctx, cancel := context.WithDeadline(context.Background(), end)
		t.Wait(ctx, path)
		released := ctx.Err() == nil
		cancel()
		if e, ok = t.valid(); ok {
			return e, true
		}
		if released && !t.timedOut(began) {
			return store.Entry{}, false
		}
	}
	return store.Entry{}, false
}

// timedOut reports whether the last request since the given time failed because of a time limit.
func (t tokenFile) timedOut(since time.Time) bool {
	f, ok := t.LoadFailure(t.host, t.id)
	return ok && f.Timeout && !f.Renewal && f.Ended >= since.UnixNano()
}
