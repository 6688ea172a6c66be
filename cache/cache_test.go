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
	"ecrlogin/registry"
)

// A clock stands still until it is set.
type clock struct{ time.Time }

func (c *clock) now() time.Time            { return c.Time }
func (c *clock) advance(d time.Duration)   { c.Time = c.Add(d) }
func (c *clock) in(d time.Duration) *clock { return &clock{c.Add(d)} }

// A source answers with a new password each time, or with err.
type source struct {
	clock *clock
	aws   *clock // AWS's own, for the expiry; nil if it is the same
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

// A user asks one cache for one registry's token, at times that a test decides on.
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

// gets fails the test unless the user is given the password of that call of the Source, which may be an earlier one.
func (u *user) gets(call int) {
	u.t.Helper()
	token, err := u.ask()
	if want := fmt.Sprint("password ", call); err != nil || token.Password != want {
		u.t.Errorf("at %v: got %q, %v; want %q", u.clock, token.Password, err, want)
	}
}

// fails fails the test unless the user is given an error that holds text, after so many calls of the Source.
func (u *user) fails(call int, text string) {
	u.t.Helper()
	token, err := u.ask()
	if err == nil || !strings.Contains(err.Error(), text) || u.source.calls != call {
		u.t.Errorf("at %v: got %v, %v after %d calls; want %q after %d", u.clock, token, err, u.source.calls, text, call)
	}
}

// A token is kept for half of its life and then renewed, for as long as it or the next one lasts.
func TestLife(t *testing.T) {
	for _, life := range []time.Duration{12 * time.Hour, time.Hour, 10 * time.Second} {
		u := newUser(t)
		u.source.life = life
		u.gets(1)
		u.clock.advance(life/2 - time.Second)
		u.gets(1)
		u.clock.advance(time.Second)
		u.gets(2)
		u.clock.advance(life / 4)
		u.gets(2)
		u.clock.advance(life)
		u.gets(3)
	}
}

// A token that cannot be renewed is served until a minute before it expires, and not after.
func TestUnrenewedToken(t *testing.T) {
	u := newUser(t)
	u.gets(1)
	u.clock.advance(6 * time.Hour)
	u.source.err = errors.New("no route")
	u.gets(1)
	u.clock.advance(6*time.Hour - time.Minute - time.Second)
	u.gets(1)
	if n := strings.Count(u.notices.String(), "no route"); n != 2 {
		t.Errorf("%d lines tell why: %q", n, u.notices)
	}
	u.clock.advance(time.Second)
	u.fails(4, "no route")
	u.source.err = nil
	u.gets(5)
}

// Nobody tries to renew again within a minute of a failure.
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

// What a clock does that is wrong, or gets right: no expired token is served, and no more requests are made than
// needed.
func TestWrongClock(t *testing.T) {
	for name, jump := range map[string]time.Duration{"13 hours ahead": 13 * time.Hour, "13 hours behind": -13 * time.Hour} {
		t.Run(name+" from now on", func(t *testing.T) {
			u := newUser(t)
			u.gets(1)
			u.clock.advance(jump)
			u.source.life = 30 * time.Hour // AWS's clock did not jump; the API would refuse to answer a clock so wrong
			u.gets(2)
			u.gets(2)
		})
		t.Run(name+" until now", func(t *testing.T) {
			u := newUser(t)
			u.source.aws = u.clock.in(-jump)
			u.source.life = 26 * time.Hour // so that it has not expired for the clock that is ahead
			u.gets(1)
			u.gets(1)
			u.clock.advance(-jump)
			u.source.aws, u.source.life = nil, 12*time.Hour
			u.gets(2)
			u.gets(2)
		})
	}
}

// With a clock that is behind, a token looks longer-lived than any is. It still is not served for longer than twelve
// hours, less the minute.
func TestClockBehindAWS(t *testing.T) {
	u := newUser(t)
	u.source.aws = u.clock.in(13 * time.Hour)
	u.gets(1)
	u.clock.advance(12*time.Hour - time.Minute - time.Second)
	u.gets(1)
	u.clock.advance(time.Second)
	u.gets(2)
}

// A failure is cached by its time. One from the future, recorded before a clock was set back, is ignored.
func TestFailureMemory(t *testing.T) {
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

// The kind of a failure is remembered too: without any identity, ECR Public is asked anonymously.
func TestFailureKeepsItsKind(t *testing.T) {
	for _, kind := range []error{credentials.ErrNoIdentity, errors.New("another")} {
		u := newUser(t)
		u.source.err = fmt.Errorf("no route: %w", kind)
		u.source.took = 2 * time.Second
		for range 2 {
			if _, err := u.ask(); errors.Is(err, credentials.ErrNoIdentity) != (kind == credentials.ErrNoIdentity) {
				t.Errorf("%v is not of the kind of %v", err, kind)
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

// Without a folder, every token is the Source's.
func TestNothingKept(t *testing.T) {
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

// Clear forgets everything, for all identities.
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
