package cache_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ecrlogin/cache"
	"ecrlogin/credentials"
	"ecrlogin/internal/lifetime"
	"ecrlogin/registry"
)

// A clock shows the same time until it is changed.
type clock struct{ time.Time }

func (c *clock) now() time.Time            { return c.Time }
func (c *clock) advance(d time.Duration)   { c.Time = c.Add(d) }
func (c *clock) in(d time.Duration) *clock { return &clock{c.Add(d)} }

// A source is a Source that returns a new password for each call, or err.
type source struct {
	clock *clock
	aws   *clock // the clock of AWS, for the expiry; nil if it is the same
	life  time.Duration
	took  time.Duration
	err   error
	calls int
}

func (s *source) Token(_ context.Context, _ registry.Registry) (credentials.Token, error) {
	s.calls++
	aws := s.clock.in(0)
	if s.aws != nil {
		aws = s.aws
	}
	s.clock.advance(s.took)
	if s.err != nil {
		return credentials.Token{}, s.err
	}
	return credentials.Token{Username: "AWS", Password: fmt.Sprint("password ", s.calls), Issued: s.clock.UTC(), Expiry: aws.Add(s.life).UTC()}, nil
}

// A user requests the token of one registry from one cache, at times that the test sets.
type user struct {
	t       *testing.T
	clock   *clock
	source  *source
	cache   *cache.Cache
	notices *strings.Builder
}

func newUser(t *testing.T) *user {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	u := &user{t: t, clock: &clock{time.Now().Truncate(time.Second)}, notices: new(strings.Builder)}
	u.source = &source{clock: u.clock, life: 12 * time.Hour}
	u.cache = &cache.Cache{Source: u.source, Dir: filepath.Join(t.TempDir(), "cache"), Notices: u.notices, Now: u.clock.now}
	return u
}

func (u *user) ask() (credentials.Token, error) {
	u.t.Helper()
	r, err := registry.Parse(host)
	if err != nil {
		u.t.Fatal(err)
	}
	return u.cache.Token(u.t.Context(), r)
}

// gets requests a token and fails the test unless the password is that of the given call of the Source.
func (u *user) gets(call int) {
	u.t.Helper()
	token, err := u.ask()
	if want := fmt.Sprint("password ", call); err != nil || token.Password != want {
		u.t.Errorf("at %v: got %q, %v; want %q", u.clock, token.Password, err, want)
	}
}

// fails requests a token and fails the test unless the error contains text, after the given number of calls.
func (u *user) fails(call int, text string) {
	u.t.Helper()
	token, err := u.ask()
	if err == nil || !strings.Contains(err.Error(), text) || u.source.calls != call {
		u.t.Errorf("at %v: got %v, %v after %d calls; want %q after %d", u.clock, token, err, u.source.calls, text, call)
	}
}

// A token is used for half of its lifetime, less the jitter of the machine, and then renewed.
func TestLifetime(t *testing.T) {
	for _, life := range []time.Duration{12 * time.Hour, time.Hour, 10 * time.Second} {
		u := newUser(t)
		u.source.life = life
		u.gets(1)
		half := lifetime.Renewal(u.clock.Time, u.clock.Add(life), "us-west-2").Sub(u.clock.Time) // or a little less
		u.clock.advance(half - time.Second)
		u.gets(1)
		u.clock.advance(time.Second)
		u.gets(2)
		u.clock.advance(life / 4)
		u.gets(2)
		u.clock.advance(life)
		u.gets(3)
	}
}

// A token that cannot be renewed is returned until one minute before it expires.
func TestTokenIsNotRenewed(t *testing.T) {
	u := newUser(t)
	u.gets(1)
	u.clock.advance(6 * time.Hour)
	u.source.err = errors.New("no route")
	u.gets(1)
	u.clock.advance(6*time.Hour - time.Minute - time.Second)
	u.gets(1)
	if n := strings.Count(u.notices.String(), "no route"); n != 2 {
		t.Errorf("%d lines contain the cause, want 2: %q", n, u.notices)
	}
	u.clock.advance(time.Second)
	u.fails(4, "no route")
	u.source.err = nil
	u.gets(5)
}

// After a failed renewal, the next one is tried after a minute.
func TestRenewalPause(t *testing.T) {
	u := newUser(t)
	u.gets(1)
	u.clock.advance(7 * time.Hour)
	u.source.err = errors.New("no route")
	for range 3 {
		u.gets(1)
		u.clock.advance(29 * time.Second)
	}
	if u.source.calls != 2 {
		t.Errorf("%d calls, want 2", u.source.calls)
	}
	u.gets(1)
	if u.source.calls != 3 {
		t.Errorf("%d calls, want 3", u.source.calls)
	}
	u.clock.advance(time.Hour)
	u.source.err = nil
	u.gets(4)
	u.gets(4)
}

// If the clock is wrong or is corrected, no expired token is returned, and a jump costs one request.
func TestWrongClock(t *testing.T) {
	for name, jump := range map[string]time.Duration{"13 hours ahead": 13 * time.Hour, "13 hours behind": -13 * time.Hour} {
		t.Run(name+" from now on", func(t *testing.T) {
			u := newUser(t)
			u.gets(1)
			u.clock.advance(jump)
			u.source.life = 30 * time.Hour // by the clock of AWS, which did not jump; the real API would reject this clock
			u.gets(2)
			u.gets(2)
		})
		t.Run(name+" until now", func(t *testing.T) {
			u := newUser(t)
			u.source.aws = u.clock.in(-jump)
			u.source.life = 26 * time.Hour // so that it has not expired by the clock that is ahead
			u.gets(1)
			u.gets(1)
			u.clock.advance(-jump)
			u.source.aws, u.source.life = nil, 12*time.Hour
			u.gets(2)
			u.gets(2)
		})
	}
}

// By a clock that is behind, the lifetime of a token appears longer than it is. It is not returned for longer than
// twelve hours minus one minute.
func TestClockBehindAWS(t *testing.T) {
	u := newUser(t)
	u.source.aws = u.clock.in(15 * time.Hour)
	u.gets(1)
	u.clock.advance(12*time.Hour - time.Minute - time.Second)
	u.gets(1)
	u.clock.advance(time.Second)
	u.gets(2)
}

// A slow failure is cached for ten seconds. A failure from the future, before a clock was set back, is ignored.
func TestFailureLifetime(t *testing.T) {
	u := newUser(t)
	u.source.err = errors.New("no route")
	u.source.took = 1001 * time.Millisecond
	u.fails(1, "no route")
	u.clock.advance(9 * time.Second)
	u.fails(1, "no route (cached error, 9s old; retry in 1s)")
	u.clock.advance(time.Second)
	u.fails(2, "no route")
	u.clock.advance(-13 * time.Hour)
	u.fails(3, "no route")
	u.clock.advance(-13 * time.Hour)
	u.source.err = nil
	u.gets(4)

	u = newUser(t)
	u.source.err = errors.New("no route")
	u.source.took = time.Second
	u.fails(1, "no route")
	u.fails(2, "no route")
}

// A cached failure wraps ErrNoIdentity if the original failure did.
func TestFailureWithoutIdentity(t *testing.T) {
	for _, kind := range []error{credentials.ErrNoIdentity, errors.New("another")} {
		u := newUser(t)
		u.source.err = fmt.Errorf("no route: %w", kind)
		u.source.took = 2 * time.Second
		for range 2 {
			if _, err := u.ask(); errors.Is(err, credentials.ErrNoIdentity) != (kind == credentials.ErrNoIdentity) {
				t.Errorf("got %v for %v", err, kind)
			}
		}
		if u.source.calls != 1 {
			t.Errorf("%d calls, want 1", u.source.calls)
		}
	}
}

// An error from the cache has the cause and the next step of the Source's error.
func TestFailureKeepsCauseAndNext(t *testing.T) {
	u := newUser(t)
	u.source.err = fmt.Errorf("wrapped: %w", &credentials.Error{Host: host, Cause: "no route", Next: "check the network"})
	u.source.took = 2 * time.Second
	u.fails(1, "no route; check the network")
	u.clock.advance(time.Second)
	_, err := u.ask()
	e, ok := errors.AsType[*credentials.Error](err)
	if want := (credentials.Error{Host: host, Cause: "no route", Next: "check the network"}); !ok || *e != want || u.source.calls != 1 {
		t.Errorf("got %#v after %d calls, want %#v", e, u.source.calls, want)
	}
	if want := host + ": no route; check the network (cached error, 1s old; retry in 9s)"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// Without a directory, the Source is called for each token.
func TestWithoutDirectory(t *testing.T) {
	u := newUser(t)
	u.cache.Dir = ""
	u.gets(1)
	u.gets(2)
	if hosts := u.cache.Hosts(); hosts == nil || len(hosts) != 0 {
		t.Errorf("Hosts() = %v, want none", hosts)
	}
	if err := errors.Join(u.cache.Drop(host), u.cache.Clear()); err != nil {
		t.Error(err)
	}
}

// Clear removes the tokens of all identities.
func TestClear(t *testing.T) {
	u := newUser(t)
	u.gets(1)
	t.Setenv("AWS_PROFILE", "other")
	u.gets(2)
	if kept, err := u.cache.Entries(); err != nil || len(kept) != 2 {
		t.Errorf("Entries() = %d, %v, want 2", len(kept), err)
	}
	if err := u.cache.Clear(); err != nil {
		t.Error(err)
	}
	if kept, err := u.cache.Entries(); err != nil || len(kept) != 0 {
		t.Errorf("Entries() = %d, %v, want none", len(kept), err)
	}
}
