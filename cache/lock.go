package cache

import (
	"context"
	"errors"
	"time"

	"ecrlogin/internal/timelimit"
)

// longestWait is how long a process waits for the locks of a token if the context has no deadline.
const longestWait = 45 * time.Second

// errTooLong reports that another process held a lock for too long.
var errTooLong = errors.New("timed out waiting for another process")

// lock locks a file and waits for other holders until a time. It returns errTooLong if they keep it. Only the first
// call of unlock has an effect.
func (l *level) lock(ctx context.Context, path string, until time.Time) (unlock func(), err error) {
	if unlock, ok := l.store.TryLock(path); ok {
		return unlock, nil
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	if ctx.Err() != nil {
		return nil, errTooLong
	}
	unlock, err = l.store.Lock(ctx, path)
	if err != nil && ctx.Err() != nil {
		return nil, errTooLong
	}
	return unlock, err
}

// locks returns the paths of the level's locks.
func (l *level) locks() [3]string { return l.store.LockPaths(l.host, l.id) }

// held returns the number of the lock that the process already holds, or 0 and a nil unlock.
func (l *level) held(paths [3]string) (n int, unlock func()) {
	if l.Held != nil {
		for n, path := range paths {
			if unlock, ok := l.Held(path); ok {
				return n, unlock
			}
		}
	}
	return 0, nil
}

// slotEnd returns until when the process waits for lock n: the end of a third of its time. It is an absolute time, so
// that all levels, and the fast path, go on to the next lock at the same time.
func (l *level) slotEnd(n int) time.Time {
	return timelimit.SlotEnd(l.start, l.start.Add(l.limit()), n)
}

// limit returns the time from start to end.
func (l *level) limit() time.Duration {
	if l.end.IsZero() {
		return longestWait
	}
	return l.end.Sub(l.start)
}

// minRequest returns the minimum duration of a request. Less time is not enough for a request; a request that failed in
// less is not repeated.
func (l *level) minRequest() time.Duration { return min(time.Second, l.limit()/10) }

// hasTime reports whether there is time for a request.
func (l *level) hasTime() bool { return l.end.IsZero() || time.Until(l.end) >= l.minRequest() }

// requestEnd returns the deadline of a request; zero if there is none. In the last third of the time, it is half of the
// time that is left: an API that was unavailable may never answer a request that was sent before it recovered.
func (l *level) requestEnd() time.Time {
	now := time.Now()
	half := l.end.Sub(now) / 2
	if l.end.IsZero() || l.renewal || now.Before(l.slotEnd(1)) || half < l.minRequest() {
		return l.end
	}
	return now.Add(half)
}

// The modification time of a lock file is the time of the last request of a process that held the lock. For the first
// lock, it is notStoredMark after the time at which a result could not be stored, because the disk is full, for
// example. The time of a file can be set even on a full disk.
const notStoredMark = time.Hour

// markRequest sets the time of the last request to now, to within a second. The time of a new file is right.
func (l *level) markRequest(path string) {
	now := time.Now()
	if last := l.store.Touched(path); !isMark(last) && now.Sub(last).Abs() > time.Second {
		l.store.Touch(path, now)
	}
}

// requestedRecently reports whether the holder of a lock has started its request recently, so that it is not stopped.
// With a mark, that is unknown, and a renewed token could not be stored.
func (l *level) requestedRecently(path string) bool {
	last := l.store.Touched(path)
	return isMark(last) || time.Since(last).Abs() < longestRequest
}

// isMark reports whether the modification time of a lock file was set by notStored, rather than before the clock was
// set back. A minute is left for adjustments of the clock.
func isMark(t time.Time) bool {
	ahead := time.Until(t)
	return ahead > notStoredMark/2 && ahead < notStoredMark+time.Minute
}

// notStored logs that a result was not stored. It signals that to processes that wait for a lock.
func (l *level) notStored(reason error) {
	l.log().Debug("token not cached", "registry", l.registry.Host, "level", l.host, "reason", reason)
	l.store.Touch(l.locks()[0], time.Now().Add(notStoredMark))
}

// clearNotStored removes the mark of notStored after a result was stored.
func (l *level) clearNotStored() {
	if path := l.locks()[0]; isMark(l.store.Touched(path)) {
		l.store.Touch(path, time.Now())
	}
}

// notStoredSince reports whether a process called notStored after the given time.
func (l *level) notStoredSince(t time.Time) bool {
	last := l.store.Touched(l.locks()[0])
	return isMark(last) && last.Add(-notStoredMark).After(t)
}
