package cache

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/store"
)

// An expired is an error after the time limit of the request has ended.
type expired struct{ error }

func (e expired) Unwrap() error { return e.error }

// isTimeout reports whether a request failed because its time limit ended or because there was no response in time.
// Connections that cannot be established are other failures, because a repeated request rarely helps, and so are
// missing identities, after the metadata service has not responded.
func isTimeout(err error) bool {
	if errors.Is(err, credentials.ErrNoIdentity) {
		return false
	}
	if _, ok := errors.AsType[expired](err); ok {
		return true
	}
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "dial" {
		return false
	}
	var e interface{ Timeout() bool }
	return errors.As(err, &e) && e.Timeout()
}

// firstTimeout returns the first timeout of the call, which is err if there was none before.
func (l *level) firstTimeout(err error) error {
	if l.timeout == nil {
		l.timeout = err
	}
	return l.timeout
}

// saveFailure stores an error of request. If the request will be repeated, it is not returned to processes that start
// now, like a fast failure.
func (l *level) saveFailure(err error, timeout, retry bool) {
	f := failure(err)
	f.Renewal, f.Timeout, f.Began, f.Ended = l.renewal, timeout, l.requested.UnixNano(), l.now().UnixNano()
	if retry {
		f.Began = f.Ended
	}
	if l.registry.Public {
		f.Client = l.Client
	}
	l.store.SaveFailure(l.host, l.id, f)
}

// loadFailure returns the last failure to fetch a token. It ignores failed renewals, which have less time than a get.
func (l *level) loadFailure() (f store.Failure, ok bool) {
	f, ok = l.store.LoadFailure(l.host, l.id)
	return f, ok && (l.renewal || !f.Renewal)
}

// failuresOnly returns a token of the Source, or its last failure. It neither reads nor stores tokens: see FailuresOf.
func (l *level) failuresOnly(ctx context.Context) (credentials.Token, error) {
	l.id = sha256.Sum256(append(l.id[:], l.FailuresOf...))
	if f, ok := l.loadFailure(); ok && l.applies(f) {
		return credentials.Token{}, l.cachedError(f)
	}
	l.requested = l.now()
	t, err := l.Source.Token(ctx, l.registry)
	if err != nil {
		l.saveFailure(err, false, false)
	} else {
		l.store.Forget(l.host, l.id)
	}
	return t, err
}

// failure returns what is stored of an error of the Source.
func failure(err error) store.Failure {
	f := store.Failure{
		Cause:      err.Error(),
		NoIdentity: errors.Is(err, credentials.ErrNoIdentity),
		Mistake:    errors.Is(err, credentials.ErrConfiguration),
	}
	if e, ok := errors.AsType[*credentials.Error](err); ok {
		f.Cause, f.Next = e.Cause, e.Next
	}
	return f
}

// errorOf returns the error of the Source that another process, or an earlier call, received.
func (l *level) errorOf(f store.Failure) *credentials.Error {
	e := &credentials.Error{Host: l.registry.Host, Cause: f.Cause, Next: f.Next}
	switch {
	case f.NoIdentity:
		e.Err = credentials.ErrNoIdentity
	case f.Mistake:
		e.Err = credentials.ErrConfiguration
	case f.Timeout:
		e.Err = context.DeadlineExceeded
	}
	if f.Client != "" && f.Client == l.Client {
		e.Err = errors.Join(credentials.ErrReported, e.Err)
	}
	return e
}

// applies reports whether a call returns f, which ended before the call began, instead of sending a request. A timeout
// does not apply to a call with much more time. The failure of a registry never applies, because there may be a token
// of its API by now.
func (l *level) applies(f store.Failure) bool {
	took := time.Duration(f.Ended - f.Began)
	switch {
	case f.Timeout && took < l.limit()/4, l.endedSince(f), l.age(f) >= l.failureTTL(f):
		return false
	}
	return !l.maybeFixed(f) && l.upstream() == nil
}

// cachedError is errorOf with the age of the error. It is final, even if it is a timeout.
func (l *level) cachedError(f store.Failure) error {
	f.Timeout = false
	age := l.age(f).Round(time.Second)
	if l.registry.Public && l.Client != "" && l.Client != f.Client {
		now := f
		now.Client = l.Client
		l.store.SaveFailure(l.host, l.id, now)
	}
	return fmt.Errorf("%w (cached error, %s old; retry in %s)", l.errorOf(f), age, l.failureTTL(f)-age)
}

// failureTTL returns for how long a failure is returned to processes that start after it.
func (l *level) failureTTL(f store.Failure) time.Duration {
	switch {
	case l.registry.Public && !f.Mistake:
		return publicFailureTTL
	case time.Duration(f.Ended-f.Began) > slow:
		return failureTTL
	}
	return 0
}

// age returns how long ago f ended. A failure from the future, recorded before the clock was set back, is very old.
func (l *level) age(f store.Failure) time.Duration {
	age := l.now().Sub(time.Unix(0, f.Ended))
	if age < 0 {
		return math.MaxInt64
	}
	return age
}

// endedSince reports whether f ended since the call began, and not in the future. It compares wall clock times, as
// recorded in f, because an age is wrong if the clock was set in between.
func (l *level) endedSince(f store.Failure) bool {
	ended := time.Unix(0, f.Ended)
	return ended.After(l.began.Round(0)) && !ended.After(l.now().Round(0))
}

// maybeFixed reports whether the user may have fixed the cause of f, by a login that wrote a file in one of these
// directories. The AWS files themselves are part of the key.
func (l *level) maybeFixed(f store.Failure) bool {
	home, err := l.env().Home()
	if err != nil {
		return false
	}
	since := time.Unix(0, f.Ended)
	for _, dir := range []string{"sso/cache", "cli/cache", "login/cache"} {
		dir = filepath.Join(home, ".aws", filepath.FromSlash(dir))
		files, _ := os.ReadDir(dir) // nil if it does not exist
		for _, file := range files {
			if info, err := os.Stat(filepath.Join(dir, file.Name())); err == nil && info.ModTime().After(since) {
				return true
			}
		}
	}
	return false
}
