package cache

import (
	"context"
	"errors"
	"sync"
	"time"

	"ecrlogin/cache/store"
	"ecrlogin/internal/filelock"
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
	unlock, err = lockFile(ctx, k.store, path)
	if err != nil && ctx.Err() != nil {
		return nil, errTooLong
	}
	return unlock, err
}

// lockFile waits for the lock of a file until ctx is done.
func lockFile(ctx context.Context, s *store.Store, path string) (unlock func(), err error) {
	for range 100 {
		f, err := s.OpenLock(path)
		if err != nil {
			return nil, err
		}
		if err := filelock.Lock(ctx, f); err != nil {
			return nil, err
		}
		if s.Locks(f, path) {
			return sync.OnceFunc(func() { f.Close() }), nil
		}
		f.Close() // the file was swept before it was locked; the next one is another
	}
	return nil, errors.New("the lock file is removed again and again")
}

// tryLock takes the lock of a file if nobody has it.
func tryLock(s *store.Store, path string) (unlock func(), ok bool) {
	f, err := s.OpenLock(path)
	if err != nil {
		return nil, false
	}
	if ok, err := filelock.TryLock(f); err != nil || !ok || !s.Locks(f, path) {
		f.Close()
		return nil, false
	}
	return sync.OnceFunc(func() { f.Close() }), true
}

// leaderLock returns the path of the lock that whoever asks the Source holds.
func (k *key) leaderLock() string { return k.store.LockPath(k.registry.Host, k.id) }

// deputyLock returns the path of the lock that whoever asks in place of a slow leader holds.
func (k *key) deputyLock() string { return k.store.DeputyLockPath(k.registry.Host, k.id) }

// unkeptMark is how far ahead of the clock the mark's time is, which tells it from the time of a lock file just made.
const unkeptMark = time.Hour

// markUnkept tells those who wait for the lock that this process has an answer which could not be kept, on a full disk for
// example. The time of the lock file can be set even there.
func (k *key) markUnkept() { k.store.Touch(k.leaderLock(), time.Now().Add(unkeptMark)) }

// unkeptSince reports whether somebody marked the lock so.
func (k *key) unkeptSince(t time.Time) bool {
	return k.store.Touched(k.leaderLock()).Add(-unkeptMark).After(t)
}
