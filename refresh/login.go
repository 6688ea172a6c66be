package refresh

import (
	"context"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/lifetime"
)

// A login is the state of a Login. Its Server is "".
type login struct {
	Login
	source  credentials.Source
	targets []*target
	repeats bool // an earlier login has the same token, so that events of this one are debug messages

	// The fields below are protected by the mutex of the Refresher.

	token      held
	err        error // of the last request
	attempts   int   // failed requests since the last success
	requesting bool  // the token is being requested, or there was none yet and it was not requested
}

// A held token is one that a Source has returned.
type held struct {
	credentials.Token
	start lifetime.Start
}

// usable reports whether the token may be written.
func (h held) usable(now time.Time) bool { return h.Password != "" && h.Usable(h.start.Now(now)) }

// expired reports whether there was a token and it has expired.
func (h held) expired(now time.Time) bool {
	return h.Password != "" && !h.Expiry.IsZero() && !h.start.Now(now).Before(h.Expiry)
}

// keepToken requests the token of a login whenever it may be time for it. The Source decides whether it is.
func (r *Refresher) keepToken(ctx context.Context, l *login) {
	for ctx.Err() == nil {
		next, changed := r.request(ctx, l)
		for _, t := range l.targets {
			if changed {
				t.notify()
			}
		}
		r.wait(ctx, next, nil)
	}
}

// request requests the token of a login. It returns when to do that again, and whether the result is a new one.
func (r *Refresher) request(ctx context.Context, l *login) (next time.Time, changed bool) {
	r.mu.Lock()
	l.requesting = true
	before := l.token.Password
	r.mu.Unlock()
	limited, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	token, err := l.source.Token(limited, l.Registry)
	now := r.now()
	if err == nil && !token.Usable(now) {
		err = &credentials.Error{
			Host: l.Registry.Host, Cause: "the token expired while it was requested", Next: "check the system clock",
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l.requesting = false
	if err == nil {
		next = r.received(l, token, now)
		return next, l.token.Password != before
	}
	if ctx.Err() == nil { // otherwise the program stops
		return r.failed(l, err, now), true
	}
	l.err = err
	return now, true
}

// received stores a token. The mutex is locked.
func (r *Refresher) received(l *login, token credentials.Token, now time.Time) (next time.Time) {
	rotation := Rotation(token, r.Jitter)
	if token.Password != l.token.Password || l.err != nil {
		event, log := "token rotated", r.log().Info
		if l.token.Password == "" {
			event = "token issued"
		}
		if l.repeats {
			log = r.log().Debug
		}
		log(event, "registry", l.Registry.Host, "identity", token.IssuedTo, "expiry", token.Expiry, "rotation", rotation)
	}
	if token.Password != l.token.Password {
		l.token = held{token, lifetime.StartOf(token.Issued, now)}
	}
	l.err, l.attempts = nil, 0
	// Ask the Source every minute, in case one of the clocks has been changed.
	return now.Add(min(max(rotation.Sub(l.token.start.Now(now)), shortestRetry), lookAfter))
}

// failed stores an error. The mutex is locked.
func (r *Refresher) failed(l *login, err error, now time.Time) (next time.Time) {
	l.err = err
	l.attempts++
	longest, event, log := longestRetryNotValid, "token not issued", r.log()
	if l.token.usable(now) {
		left := lifetime.End(l.token.Issued, l.token.Expiry).Sub(l.token.start.Now(now))
		longest = max(shortestRetry, min(longestRetry, left/2))
		event, log = "token not rotated, using the current one", log.With("expiry", l.token.Expiry)
	}
	next = now.Add(r.pause(l.attempts, longest))
	warn := log.Warn
	if l.repeats {
		warn = log.Debug
	}
	warn(event, "registry", l.Registry.Host, "error", err, "attempts", l.attempts, "retry", next)
	return next
}
