package cache

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// The kernel drops these locks when their holder dies, however that happens, so nobody ever waits for a dead process.

// longestWait is for callers without a deadline.
const longestWait = 30 * time.Second

// errTooLong is returned by lock when another process has held it for too long.
var errTooLong = errors.New("another process has been asking for too long")

// lock waits for the lock of a file. It gives up with errTooLong when half of the time until the deadline has gone, because the
// rest is needed for asking oneself. Calls of unlock after the first do nothing.
func (k *key) lock(ctx context.Context, path string) (unlock func(), err error) {
	if k.Held != nil {
		if unlock, ok := k.Held(path); ok {
			return sync.OnceFunc(unlock), nil
		}
	}
	longest := longestWait
	if deadline, ok := ctx.Deadline(); ok {
		longest = time.Until(deadline) / 2
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	type result struct {
		unlock func()
		err    error
	}
	locked := make(chan result, 1)
	// Waiting in the kernel wakes a thousand waiters one after another, with none of them polling.
	go func() {
		unlock, err := lockFile(path)
		locked <- result{unlock, err}
	}()
	select {
	case r := <-locked:
		return r.unlock, r.err
	case <-ctx.Done():
		go func() { // whoever got the lock after all has no use for it
			if r := <-locked; r.err == nil {
				r.unlock()
			}
		}()
		return nil, errTooLong
	}
}

// lockFile waits for the lock of a file for as long as it takes.
func lockFile(path string) (unlock func(), err error) {
	for range 100 {
		l := newLock(path)
		if err := l.Lock(); err != nil {
			return nil, err
		}
		if isAt(l, path) {
			return func() { _ = l.Close() }, nil
		}
		_ = l.Close() // the file was swept before it was locked; the next one is another
	}
	return nil, errors.New("the lock file is removed again and again")
}

// tryLock takes the lock of a file if nobody has it.
func tryLock(path string) (unlock func(), ok bool) {
	l := newLock(path)
	if ok, err := l.TryLock(); err != nil || !ok {
		return nil, false
	}
	if !isAt(l, path) {
		_ = l.Close()
		return nil, false
	}
	return func() { _ = l.Close() }, true
}

// isAt reports whether the file of a lock is still the one at its path, where others look for it.
func isAt(l *flock.Flock, path string) bool {
	locked, err := l.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(locked, there)
}

func newLock(path string) *flock.Flock {
	return flock.New(path, flock.SetPermissions(0o600), flock.SetFlag(os.O_CREATE|os.O_RDWR|noFollow))
}

// leaderLock returns the path of the lock that whoever asks the Source holds.
func (k *key) leaderLock() string { return k.store.LockPath(k.registry.Host, k.id) }

// deputyLock returns the path of the lock that whoever asks in place of a slow leader holds.
func (k *key) deputyLock() string { return k.store.DeputyLockPath(k.registry.Host, k.id) }

// unkeptMark is how far ahead of the clock the mark's time is, which tells it from the time of a lock file just made.
const unkeptMark = time.Hour

// markUnkept tells those who wait for the lock that this process has an answer which could not be kept, on a full disk for
// example. The time of the lock file can be set even there.
func (k *key) markUnkept() {
	mark := time.Now().Add(unkeptMark)
	_ = os.Chtimes(k.leaderLock(), mark, mark)
}

// unkeptSince reports whether somebody marked the lock so.
func (k *key) unkeptSince(t time.Time) bool {
	info, err := os.Lstat(k.leaderLock())
	return err == nil && info.ModTime().Add(-unkeptMark).After(t)
}
