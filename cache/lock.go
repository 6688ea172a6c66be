package cache

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/gofrs/flock"
)

// The kernel drops these locks when their holder dies, however that happens, so nobody ever waits for a dead process.

// longestWait is for callers without a deadline.
const longestWait = 30 * time.Second

// lock waits for the key's lock. It gives up when half of the time until the deadline has gone, because the rest is
// needed for asking oneself.
func (k *key) lock(ctx context.Context) (unlock func(), err error) {
	if k.Held != "" && k.Held == k.store.LockPath(k.registry.Host, k.id) {
		return func() {}, nil
	}
	longest := longestWait
	if deadline, ok := ctx.Deadline(); ok {
		longest = time.Until(deadline) / 2
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	l := k.newLock()
	locked := make(chan error, 1)
	// Waiting in the kernel wakes a thousand waiters one after another, with none of them polling.
	go func() { locked <- l.Lock() }()
	select {
	case err := <-locked:
		if err != nil {
			return nil, err
		}
		return func() { _ = l.Close() }, nil
	case <-ctx.Done():
		go func() { // whoever got the lock after all has no use for it
			if <-locked == nil {
				_ = l.Close()
			}
		}()
		return nil, errors.New("another process has been asking for too long")
	}
}

// tryLock takes the key's lock if nobody has it.
func (k *key) tryLock() (unlock func(), ok bool) {
	l := k.newLock()
	if ok, err := l.TryLock(); err != nil || !ok {
		return nil, false
	}
	return func() { _ = l.Close() }, true
}

func (k *key) newLock() *flock.Flock {
	return flock.New(k.store.LockPath(k.registry.Host, k.id), flock.SetPermissions(0o600), flock.SetFlag(os.O_CREATE|os.O_RDWR|noFollow))
}

// unkeptMark is how far ahead of the clock the mark's time is, which tells it from the time of a lock file just made.
const unkeptMark = time.Hour

// markUnkept tells those who wait for the lock that this process has an answer which could not be kept, on a full disk for
// example. The time of the lock file can be set even there.
func (k *key) markUnkept() {
	mark := time.Now().Add(unkeptMark)
	_ = os.Chtimes(k.store.LockPath(k.registry.Host, k.id), mark, mark)
}

// unkeptSince reports whether somebody marked the lock so.
func (k *key) unkeptSince(t time.Time) bool {
	info, err := os.Lstat(k.store.LockPath(k.registry.Host, k.id))
	return err == nil && info.ModTime().Add(-unkeptMark).After(t)
}
