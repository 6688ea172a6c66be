package cache

import (
	"context"
	"errors"
	"sync"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/lifetime"
	"ecrlogin/registry"
)

// failurePause is how long a failure is returned to other callers instead of a new request, because the logins of an
// API retry at almost the same time.
const failurePause = 500 * time.Millisecond

// Regional is a Source, in memory, that requests one token for all registries with the same API and AWS identity. A
// token of Amazon ECR is valid for every registry of its region that the identity may use. Regional is safe for
// concurrent use, and must not be copied after the first call.
type Regional struct {
	// Source is required. If its identity depends on more than this process, it implements CacheKey, as aws.Source
	// does.
	Source credentials.Source
	// Renew returns when a token is replaced; nil to replace it after half of its life.
	Renew func(credentials.Token) time.Time
	Now   func() time.Time // the wall clock; nil means time.Now

	mu       sync.Mutex
	requests map[shared]*request
}

// A shared is what the registries of a token have in common.
type shared struct{ api, identity string }

// A request is a call of the Source, whose result is shared. Its fields are set before done is closed.
type request struct {
	done  chan struct{}
	token credentials.Token
	err   error
	ended time.Time      // by the wall clock
	start lifetime.Start // of the token
	// abandoned reports that there is no result for others, because the context of the caller ended.
	abandoned bool
}

// Token returns the token of the registry's API and identity. It requests a token if there is none, if it is time to
// renew it, or if it has expired, by the wall clock or by the monotonic clock.
//
// Concurrent callers share one request. If it fails, so do all of them and those that follow within half a second, and
// the Host of the error is that of r. If a token cannot be renewed, Token returns the error, although the previous
// token may still be valid.
func (c *Regional) Token(ctx context.Context, r registry.Registry) (credentials.Token, error) {
	for {
		id, _ := identity(c.Source, r)
		q, created := c.join(shared{r.API(), id})
		if created {
			c.run(ctx, q, r)
			return q.token, q.err
		}
		select {
		case <-q.done:
		case <-ctx.Done():
			return credentials.Token{}, interrupted(r, ctx.Err())
		}
		if !q.abandoned {
			return q.token, errorFor(r, q.err)
		}
	}
}

// CacheKey returns that of the Source, so that a Cache can use a Regional as its Source.
func (c *Regional) CacheKey(r registry.Registry) string {
	key, _ := identity(c.Source, r)
	return key
}

// join returns the request for k that is in progress or has a result to use, or else a new one that the caller runs.
func (c *Regional) join(k shared) (q *request, created bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for other, q := range c.requests {
		if !c.current(q) {
			delete(c.requests, other)
		}
	}
	if q := c.requests[k]; q != nil {
		return q, false
	}
	if c.requests == nil {
		c.requests = map[shared]*request{}
	}
	c.requests[k] = &request{done: make(chan struct{}), abandoned: true}
	return c.requests[k], true
}

// current reports whether a request is in progress or has a result to use.
func (c *Regional) current(q *request) bool {
	select {
	case <-q.done:
	default:
		return true
	}
	now := c.now()
	if q.abandoned || q.err != nil {
		age := now.Sub(q.ended)
		return !q.abandoned && age >= 0 && age < failurePause
	}
	now = q.start.Now(now)
	return now.Before(c.renew(q.token)) && q.token.Usable(now)
}

// run calls the Source and sets the result of q.
func (c *Regional) run(ctx context.Context, q *request, r registry.Registry) {
	defer close(q.done)
	q.token, q.err = c.Source.Token(ctx, r)
	q.ended = c.now()
	if q.err != nil {
		q.abandoned = ctx.Err() != nil
		return
	}
	q.token.Issued, q.token.Expiry = q.token.Issued.Round(0), q.token.Expiry.Round(0) // as for now
	if q.token.Issued.IsZero() {
		q.token.Issued = q.ended
	}
	q.start = lifetime.StartOf(q.token.Issued, q.ended)
	q.abandoned = false
}

// interrupted returns the error of a caller whose context ended while it waited for the request of another.
func interrupted(r registry.Registry, err error) error {
	e := &credentials.Error{Host: r.Host, Cause: "interrupted", Err: err}
	if errors.Is(err, context.DeadlineExceeded) {
		e.Cause, e.Next = "timed out waiting for another request for the same token", "try again"
	}
	return e
}

// errorFor returns an error of a request for another registry as the error for r.
func errorFor(r registry.Registry, err error) error {
	if e, ok := errors.AsType[*credentials.Error](err); ok {
		e := *e
		e.Host = r.Host
		return &e
	}
	return err
}

func (c *Regional) renew(t credentials.Token) time.Time {
	if c.Renew != nil {
		return c.Renew(t)
	}
	return t.Issued.Add(lifetime.Of(t.Issued, t.Expiry) / 2)
}

// now returns the wall clock. Without its monotonic reading, a time can be compared after the clock was set.
func (c *Regional) now() time.Time {
	if c.Now == nil {
		return time.Now().Round(0)
	}
	return c.Now().Round(0)
}
