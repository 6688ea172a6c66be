package cache_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ecrlogin/cache"
	"ecrlogin/credentials"
	"ecrlogin/registry"
)

// A slowSource is a Source that takes a second for each call. Its identity depends on the account, as by a rule.
type slowSource struct {
	mu    sync.Mutex
	life  time.Duration
	err   error
	calls []string // hosts
}

func (s *slowSource) CacheKey(r registry.Registry) string {
	if r.Account == "444455556666" {
		return "profile of 444455556666"
	}
	return ""
}

func (s *slowSource) Token(ctx context.Context, r registry.Registry) (credentials.Token, error) {
	s.mu.Lock()
	s.calls = append(s.calls, r.Host)
	number, err, life := len(s.calls), s.err, s.life
	s.mu.Unlock()
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return credentials.Token{}, &credentials.Error{Host: r.Host, Cause: "stopped", Err: ctx.Err()}
	}
	if err != nil {
		return credentials.Token{}, &credentials.Error{Host: r.Host, Cause: "no token", Next: "try again", Err: err}
	}
	now := time.Now()
	return credentials.Token{Username: "AWS", Password: fmt.Sprint("password-", number), Issued: now, Expiry: now.Add(life)}, nil
}

func (s *slowSource) called() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls)
}

// A result is what a caller of Token gets.
type result struct {
	token credentials.Token
	err   error
}

// together calls Token for all hosts at the same time.
func together(t *testing.T, c *cache.Regional, hosts ...string) []result {
	t.Helper()
	results := make([]result, len(hosts))
	var running sync.WaitGroup
	for i, host := range hosts {
		running.Go(func() {
			results[i].token, results[i].err = c.Token(t.Context(), parse(t, host))
		})
	}
	running.Wait()
	return results
}

const (
	west1       = "111122223333.dkr.ecr.us-west-2.amazonaws.com"
	west2       = "222233334444.dkr.ecr.us-west-2.amazonaws.com"
	westProfile = "444455556666.dkr.ecr.us-west-2.amazonaws.com"
	westFIPS    = "111122223333.dkr.ecr-fips.us-west-2.amazonaws.com"
	ireland     = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
)

// Concurrent and later callers of an API get one token. Another API or identity has its own.
func TestRegionalShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowSource{life: 12 * time.Hour}
		c := &cache.Regional{Source: s}
		got := together(t, c, west1, west2, west1, westProfile, westFIPS, ireland, "public.ecr.aws", west2)
		if s.called() != 5 {
			t.Errorf("%d requests (%s), want 5", s.called(), s.calls)
		}
		passwords := map[string]bool{}
		for _, r := range got {
			if r.err != nil {
				t.Fatal(r.err)
			}
			passwords[r.token.Password] = true
		}
		if len(passwords) != 5 || got[0] != got[1] || got[0] != got[2] || got[0] != got[7] {
			t.Errorf("got %d passwords, and %v, %v, %v", len(passwords), got[0], got[1], got[7])
		}
		time.Sleep(6*time.Hour - time.Second)
		if again := together(t, c, west2); again[0] != got[0] || s.called() != 5 {
			t.Errorf("got %v after %d requests, want the shared token", again, s.called())
		}
	})
}

// A failed request is the failure of all that waited for it, and of those that ask at almost the same time. Its error
// names the registry that each of them asked for.
func TestRegionalSharesFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowSource{life: time.Hour, err: credentials.ErrNoIdentity}
		c := &cache.Regional{Source: s}
		got := together(t, c, west1, west2)
		got = append(got, together(t, c, west2)...)
		if s.called() != 1 {
			t.Errorf("%d requests, want one", s.called())
		}
		for i, host := range []string{west1, west2, west2} {
			if err := got[i].err; !errors.Is(err, credentials.ErrNoIdentity) || err.Error() != host+": no token; try again" {
				t.Errorf("got %v for %s", err, host)
			}
		}
		time.Sleep(time.Second)
		s.err = nil
		if got := together(t, c, west2); got[0].err != nil || s.called() != 2 {
			t.Errorf("got %v after %d requests, want a token after another request", got[0].err, s.called())
		}
	})
}

// A caller that gives up fails alone: those that waited for its request send another one.
func TestRegionalCallerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowSource{life: time.Hour}
		c := &cache.Regional{Source: s}
		ctx, cancel := context.WithCancel(t.Context())
		first := make(chan error)
		go func() {
			_, err := c.Token(ctx, parse(t, west1))
			first <- err
		}()
		synctest.Wait()
		others := make(chan []result)
		go func() { others <- together(t, c, west1, west2) }()
		synctest.Wait()
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the first caller got %v", err)
		}
		for _, r := range <-others {
			if r.err != nil {
				t.Errorf("another caller got %v", r.err)
			}
		}
		if s.called() != 2 {
			t.Errorf("%d requests, want 2", s.called())
		}
	})
}

// A caller that waits for the request of another is limited by its own context.
func TestRegionalWaitIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cache.Regional{Source: &slowSource{life: time.Hour}}
		go together(t, c, west1)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := c.Token(ctx, parse(t, west2))
		want := west2 + ": timed out waiting for another request for the same token; try again"
		if !errors.Is(err, context.DeadlineExceeded) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		time.Sleep(time.Second)
	})
}

// A token is renewed at the time that Renew returns, by the clock that shows more of its life as over.
func TestRegionalRenews(t *testing.T) {
	for name, tt := range map[string]struct {
		renew           func(credentials.Token) time.Time
		sleep, set      time.Duration
		requests        int
		err             error
		wantError, want string
	}{
		"fresh":                   {sleep: 30*time.Minute - 2*time.Second, requests: 1, want: "password-1"},
		"half of its life":        {sleep: 30 * time.Minute, requests: 2, want: "password-2"},
		"Renew":                   {renew: func(t credentials.Token) time.Time { return t.Issued.Add(time.Minute) }, sleep: time.Minute, requests: 2, want: "password-2"},
		"expired before Renew":    {renew: func(t credentials.Token) time.Time { return t.Expiry.Add(time.Hour) }, sleep: time.Hour, requests: 2, want: "password-2"},
		"clock set forward":       {set: 31 * time.Minute, requests: 2, want: "password-2"},
		"clock set back":          {set: -10 * time.Hour, requests: 1, want: "password-1"},
		"after clock is set back": {set: -10 * time.Hour, sleep: 30 * time.Minute, requests: 2, want: "password-2"},
		"failure":                 {sleep: 30 * time.Minute, err: errors.New("unavailable"), requests: 2, wantError: "no token"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &slowSource{life: time.Hour}
				var ahead time.Duration
				c := &cache.Regional{Source: s, Renew: tt.renew, Now: func() time.Time { return time.Now().Add(ahead) }}
				together(t, c, west1)
				ahead, s.err = tt.set, tt.err
				time.Sleep(tt.sleep)
				got := together(t, c, west1)[0]
				if s.called() != tt.requests || got.token.Password != tt.want {
					t.Errorf("got %q after %d requests, want %q after %d", got.token.Password, s.called(), tt.want, tt.requests)
				}
				if tt.wantError != "" && (got.err == nil || !strings.Contains(got.err.Error(), tt.wantError)) {
					t.Errorf("got %v, want %s", got.err, tt.wantError)
				}
			})
		})
	}
}

// A Cache whose Source is a Regional requests one token for the registries of an API, also if it stores none.
func TestRegionalInCache(t *testing.T) {
	for name, dir := range map[string]string{"cached": filepath.Join(t.TempDir(), "cache"), "not cached": ""} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("HOME", t.TempDir())
			s := &slowSource{life: time.Hour}
			c := &cache.Cache{Source: &cache.Regional{Source: s}, Dir: dir}
			for _, host := range []string{host, sameRegion, host} {
				if _, err := c.Token(t.Context(), parse(t, host)); err != nil {
					t.Fatal(err)
				}
			}
			if n := s.called(); n != 1 {
				t.Errorf("%d calls, want 1", n)
			}
		})
	}
}
