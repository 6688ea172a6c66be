package cache

import (
	"context"
	"errors"
	"time"
)

// longestWait is how long lock waits if the context has no deadline.
const longestWait = 30 * time.Second

// errTooLong reports that another process held a lock for too long.
var errTooLong = errors.New("timed out waiting for another process")

// lock locks a file and waits for other holders. It returns errTooLong after half of the time until the deadline,
// because the rest is needed for this process's own request. Only the first call of unlock has an effect.
func (k *key) lock(ctx context.Context, path string) (unlock func(), err error) {
	if k.Held != nil {
		if unlock, ok := k.Held(path); ok {
			return unlock, nil
		}
	}
	longest := longestWait
	if deadline, ok := ctx.Deadline(); ok {
		longest = time.Until(deadline) / 2
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	unlock, err = k.store.Lock(ctx, path)
	if err != nil && ctx.Err() != nil {
		return nil, errTooLong
	}
	return unlock, err
}

// leaderLock returns the path of the lock that the leader holds: the process that calls the Source.
func (k *key) leaderLock() string { return k.store.LockPaths(k.registry.Host, k.id)[0] }

// deputyLock returns the path of the lock that the deputy holds: the process that calls the Source instead of a slow
// leader.
func (k *key) deputyLock() string { return k.store.LockPaths(k.registry.Host, k.id)[1] }

// unkeptMark is how far in the future the time of a marked lock file is, to distinguish it from a new one.
const unkeptMark = time.Hour

// unkept logs that a result was not stored, because the disk is full, for example. It signals that to processes that wait
// for the lock. The time of a file can be set even on a full disk.
func (k *key) unkept(reason error) {
	k.log().Debug("token not cached", "registry", k.registry.Host, "reason", reason)
	k.store.Touch(k.leaderLock(), time.Now().Add(unkeptMark))
}

// unkeptSince reports whether a process called unkept after the given time.
func (k *key) unkeptSince(t time.Time) bool {
	return k.store.Touched(k.leaderLock()).Add(-unkeptMark).After(t)
}
