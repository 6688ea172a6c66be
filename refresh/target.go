package refresh

import (
	"context"
	"slices"
	"time"
)

// A target is the state of a Target.
type target struct {
	Target
	logins []*login      // in the order of Logins
	wake   chan struct{} // receives a value after a request for one of the tokens with a new result

	// The fields below are protected by the mutex of the Refresher. Times are by the wall clock.

	changed  time.Time     // when other tokens than those of the last attempt were noticed; zero if not
	began    time.Time     // when Apply was called; zero if it is not running
	tried    []Credential  // of the last attempt
	ended    time.Time     // the end of the last attempt, with a monotonic reading; zero if there was none
	pause    time.Duration // from then until the next attempt with the same tokens
	next     time.Time
	attempts int       // failed attempts since the last success
	err      error     // of the last attempt
	applied  time.Time // the end of the last success; zero if there was none
	took     time.Duration
	content  []held // what the last success has written
}

// notify makes the target look at its tokens.
func (t *target) notify() {
	select {
	case t.wake <- struct{}{}:
	default: // it is about to look
	}
}

// keepTarget applies a target whenever it is time for it.
func (r *Refresher) keepTarget(ctx context.Context, t *target) {
	for ctx.Err() == nil {
		c, held, next := r.due(t)
		if len(c) > 0 {
			next = r.apply(ctx, t, c, held, applyLimit)
		}
		r.wait(ctx, next, t.wake)
	}
}

// due returns the credentials to apply now. If there are none, it returns when to look again.
func (r *Refresher) due(t *target) (c []Credential, tokens []held, next time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	c, tokens, requesting := t.credentials(now)
	if len(c) == 0 {
		return nil, nil, now.Add(lookAfter)
	}
	if slices.Equal(c, t.tried) {
		t.changed = time.Time{}
		// The wall clock may have been set, and the other clock stops while the machine is suspended.
		if left := min(t.next.Sub(now), t.pause-time.Since(t.ended)); left > 0 {
			return nil, nil, now.Add(left)
		}
		return c, tokens, now
	}
	if t.changed.IsZero() || now.Before(t.changed) {
		t.changed = now
	}
	if settled := t.changed.Add(settleLimit); requesting && now.Before(settled) {
		return nil, nil, settled
	}
	return c, tokens, now
}

// credentials returns the valid credentials of a target, and whether one of its tokens is being requested. The mutex is
// locked.
func (t *target) credentials(now time.Time) (c []Credential, tokens []held, requesting bool) {
	logins := t.Logins()
	for i, l := range t.logins {
		requesting = requesting || l.requesting
		if l.token.usable(now) {
			c = append(c, Credential{Login: logins[i], Token: l.token.Token})
			tokens = append(tokens, l.token)
		}
	}
	return c, tokens, requesting
}

// apply applies the credentials to a target and returns when to do that again.
func (r *Refresher) apply(
	ctx context.Context, t *target, c []Credential, tokens []held, limit time.Duration,
) (next time.Time) {
	r.mu.Lock()
	now := r.now()
	t.began = now
	r.mu.Unlock()
	for _, h := range tokens {
		if !h.Expiry.IsZero() {
			limit = min(limit, h.Expiry.Sub(h.start.Now(now)))
		}
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := time.Now()
	err := t.Apply(limited, slices.Clone(c))
	took := time.Since(began)
	result := t.result() // without the mutex, because it calls the target

	r.mu.Lock()
	defer r.mu.Unlock()
	fresh := !slices.Equal(c, t.tried) || t.err != nil
	t.began, t.changed, t.took, t.tried, t.err = time.Time{}, time.Time{}, took, c, err
	t.ended, t.pause, now = time.Now(), r.Interval, r.now()
	log := r.log().With("kind", t.Kind(), "name", t.Name(), "took", t.took)
	switch {
	case err == nil:
		t.applied, t.attempts, t.content = now, 0, tokens
		if fresh {
			log.Info(result.event, result.attributes...)
		}
	case ctx.Err() == nil: // otherwise the program stops
		t.attempts++
		t.pause = r.pause(t.attempts, min(longestRetry, r.Interval))
		log.Warn("target not written", "error", err, "attempts", t.attempts, "retry", now.Add(t.pause))
	}
	t.next = now.Add(t.pause)
	return t.next
}

// A result describes a successful Apply for the log.
type result struct {
	event      string
	attributes []any
}

func (t *target) result() result {
	reporter, ok := t.Target.(Reporter)
	if !ok {
		return result{event: "target written"}
	}
	report := reporter.Report()
	if report.Standby {
		return result{event: "target not written by this replica, which is on standby"}
	}
	return result{"target written", []any{
		"current", report.Current, "pending", report.Pending, "failing", len(report.Failing),
	}}
}
