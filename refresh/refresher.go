package refresh

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"ecrlogin/cache"
	"ecrlogin/credentials"
)

// Time limits and pauses of a Refresher.
const (
	// requestLimit is the time limit of a request for a token. A credential_process may take this long.
	requestLimit = time.Minute
	// applyLimit is the time limit of Apply. It is shorter if a token expires before.
	applyLimit = time.Minute
	// settleLimit is how long a target with a new token waits for other tokens that are being requested, so that it is
	// written once.
	settleLimit = 5 * time.Second
	// lookAfter is how long a Refresher sleeps before it reads the wall clock again, which may have been set.
	lookAfter = time.Minute
	// shortestRetry and the next two are the first and the longest pauses between attempts to get a token: with a valid
	// token, and without one.
	shortestRetry        = time.Second
	longestRetry         = 5 * time.Minute
	longestRetryNotValid = time.Minute
)

// A Refresher applies valid tokens to its Targets. Each login and each target succeeds or fails alone, and a slow one
// does not delay others.
//
// While AWS is unavailable, the current tokens are used until shortly before they expire. A failed request is repeated
// after one second. The pause doubles up to five minutes, or one minute if there is no valid token. It is never longer
// than half of the time for which the current token is still valid. A target that fails is tried again in the same way,
// with pauses of up to five minutes or the Interval, if that is shorter.
//
// Apply has a time limit of one minute, or less if a token expires before that. A target that exceeds the limit does
// not delay others.
type Refresher struct {
	Targets  []Target      // no two of them write to the same place
	Interval time.Duration // how long a target is not applied again if its tokens have not changed; 0 means 30 minutes
	// Source returns the Source of an identity. It is called once for each. The Refresher requests one token for each
	// of its APIs.
	Source func(credentials.Identity) credentials.Source
	Jitter float64          // 0 to 1, see Rotation; pauses between attempts are shorter by up to a quarter
	Log    *slog.Logger     // receives a line for each event; nil discards it
	Now    func() time.Time // the wall clock; nil means time.Now
	// Previous is a Refresher whose tokens are used until it is time to replace them; nil for none. Its Run has
	// returned.
	Previous *Refresher

	once    sync.Once // see start
	sources map[credentials.Identity]*cache.Regional
	logins  []*login
	targets []*target
	mu      sync.Mutex // protects the state of logins and targets
}

// Run keeps the targets up to date until ctx is done. It returns after all calls of Apply have returned.
func (r *Refresher) Run(ctx context.Context) {
	r.start()
	var running sync.WaitGroup
	defer running.Wait()
	for _, l := range r.logins {
		running.Go(func() { r.keepToken(ctx, l) })
	}
	for _, t := range r.targets {
		running.Go(func() { r.keepTarget(ctx, t) })
	}
}

// start creates the state of logins and targets. Only the first call has an effect.
func (r *Refresher) start() {
	r.once.Do(func() {
		r.Interval = cmp.Or(r.Interval, 30*time.Minute)
		r.sources = map[credentials.Identity]*cache.Regional{}
		tokens := map[Login]held{}
		if p := r.Previous; p != nil {
			p.start()
			p.mu.Lock()
			for _, l := range p.logins {
				tokens[l.Login] = l.token
			}
			p.mu.Unlock()
			r.sources = maps.Clone(p.sources)
			r.Previous = nil // and the ones before it
		}
		logins := map[Login]*login{}
		apis := map[apiKey]bool{}
		for _, t := range r.Targets {
			state := &target{Target: t, wake: make(chan struct{}, 1)}
			for _, key := range t.Logins() {
				key.Server = "" // it does not affect the token
				l := logins[key]
				if l == nil {
					l = &login{Login: key, source: r.source(key.Identity), token: tokens[key]}
					l.requesting = l.token.Password == ""
					api := apiKey{key.Identity, key.Registry.API()}
					l.repeats, apis[api] = apis[api], true
					logins[key] = l
					r.logins = append(r.logins, l)
				}
				l.targets = append(l.targets, state)
				state.logins = append(state.logins, l)
			}
			r.targets = append(r.targets, state)
		}
	})
}

// An apiKey is what the logins with the same token have in common.
type apiKey struct {
	identity credentials.Identity
	api      string
}

// source returns the Source of an identity. It does not refer to r, because a later Refresher may use it.
func (r *Refresher) source(id credentials.Identity) *cache.Regional {
	if r.sources[id] == nil {
		jitter := r.Jitter
		r.sources[id] = &cache.Regional{
			Source: r.Source(id),
			Renew:  func(t credentials.Token) time.Time { return Rotation(t, jitter) },
			Now:    r.Now,
		}
	}
	return r.sources[id]
}

// wait returns at the given time by the wall clock, if the wall clock is set back, if wake receives a value, or if ctx
// is done.
func (r *Refresher) wait(ctx context.Context, until time.Time, wake <-chan struct{}) {
	for {
		now := r.now()
		left := until.Sub(now)
		if left <= 0 {
			return
		}
		timer := time.NewTimer(min(left, lookAfter))
		select {
		case <-timer.C:
		case <-wake:
			timer.Stop()
			return
		case <-ctx.Done():
			timer.Stop()
			return
		}
		if r.now().Before(now) {
			return
		}
	}
}

// pause returns how long to wait after a number of failed attempts.
func (r *Refresher) pause(attempts int, longest time.Duration) time.Duration {
	p := min(shortestRetry<<min(attempts-1, 16), longest)
	return p - time.Duration(r.Jitter*float64(p)/4)
}

// now returns the wall clock. Without its monotonic reading, a time can be compared after the clock was set.
func (r *Refresher) now() time.Time {
	if r.Now == nil {
		return time.Now().Round(0)
	}
	return r.Now().Round(0)
}

func (r *Refresher) log() *slog.Logger {
	return cmp.Or(r.Log, slog.New(slog.DiscardHandler))
}
