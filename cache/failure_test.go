package cache_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/awstest"
)

// failSlowly makes AWS reject all token requests, slowly enough that the failure is cached.
func (m *machine) failSlowly() {
	m.cloud.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Delay: 1100 * time.Millisecond, Type: "AccessDeniedException"})
}

const found = " (cached error, "

// A fast failure is not cached.
func TestFastFailureIsRetried(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	m.fail()
	for range 2 {
		if line := m.get(host).failed(); strings.Contains(line, found) {
			t.Errorf("got %q", line)
		}
	}
	m.called(2)
	m.cloud.ClearFaults()
	m.password(host)
}

// A slow failure is returned for some seconds, with its age, for the same identity and registry.
func TestSlowFailureIsCached(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	m.failSlowly()
	line := m.get(host).failed()
	ended := time.Now()
	m.called(1)
	m.cloud.ClearFaults()
	for range 5 {
		if time.Since(ended) > 7*time.Second { // the failure is cached for ten seconds
			break
		}
		if again := m.get(host).failed(); !strings.HasPrefix(again, line+found) {
			t.Errorf("got %q, want %q with its age", again, line)
		}
	}
	m.called(0)
	m.password(otherHost)
	m.with(map[string]string{"AWS_REGION": "eu-west-1"}).password(host)
	m.called(2)
}

// A cached failure is ignored if the API of the registry has a token.
func TestSlowFailureOfOtherHost(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	g := m.gate()
	slow := m.start("get", sameRegion)
	g.wait()
	hasty := m.with(map[string]string{"ECR_LOGIN_TIMEOUT": "3s"})
	hasty.get(host).failed()
	if line := hasty.get(host).failed(); !strings.Contains(line, found) {
		t.Errorf("got %q", line)
	}
	g.open()
	if password := slow.wait().quiet().password(); m.password(host) != password || hasty.password(host) != password {
		t.Error("a host got another token")
	}
}

// The cached timeout of a process with little time is ignored by one with more.
func TestTimeoutOfHastyProcess(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	g := m.gate()
	m.with(map[string]string{"ECR_LOGIN_TIMEOUT": "2s"}).get(host).failed()
	if line := m.with(map[string]string{"ECR_LOGIN_TIMEOUT": "3s"}).get(host).failed(); !strings.Contains(line, found) {
		t.Errorf("got %q", line)
	}
	g.open()
	m.password(host)
}

// A cached failure is ignored after a change that may have fixed its cause.
func TestSlowFailureIsFixed(t *testing.T) {
	t.Parallel()
	for name, mend := range map[string]func(m *machine){
		"config":      func(m *machine) { m.config("[default]\nregion = us-west-2\n") },
		"credentials": func(m *machine) { m.file(".aws/credentials", "[default]\n") },
		"SSO login":   func(m *machine) { m.login(time.Hour) },
		"CLI cache":   func(m *machine) { m.file(".aws/cli/cache/role.json", "{}") },
		"AWS login":   func(m *machine) { m.file(".aws/login/cache/session.json", "{}") },
		"environment": func(m *machine) { m.env["AWS_REGION"] = "eu-west-1" },
		"erase":       func(m *machine) { m.run("erase", host) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := withKeys(t)
			m.file(".aws/sso/cache/old.json", "{}")
			m.failSlowly()
			m.get(host).failed()
			m.cloud.ClearFaults()
			m.get(host).failed()
			m.called(1)
			m.tick()
			mend(m)
			m.password(host)
			m.called(1)
		})
	}
}

const publicHost = "public.ecr.aws"

// A failure of ECR Public is returned for a minute, also if it was fast, because clients continue without a password.
func TestPublicFailure(t *testing.T) {
	u := newUser(t)
	u.source.err = errors.New("denied")
	ask := func() error {
		_, err := u.cache.Token(t.Context(), parse(t, publicHost))
		return err
	}
	for range 3 {
		if err := ask(); err == nil || u.source.calls != 1 {
			t.Errorf("got %v after %d calls", err, u.source.calls)
		}
		u.clock.advance(29 * time.Second)
	}
	if err := ask(); err == nil || strings.Contains(err.Error(), found) || u.source.calls != 2 {
		t.Errorf("after a minute: got %v after %d calls", err, u.source.calls)
	}
	u.source.err = fmt.Errorf("wrong: %w", credentials.ErrConfiguration)
	u.clock.advance(time.Minute)
	for range 2 {
		u.clock.advance(time.Second)
		if err := ask(); !errors.Is(err, credentials.ErrConfiguration) || strings.Contains(err.Error(), found) {
			t.Errorf("a mistake in the configuration: %v", err)
		}
	}
}

// Many processes send one request for ECR Public, if it fails too. They and later ones continue without a password.
func TestPublicFailureOfCrowd(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]awstest.Fault{
		"denied": {Type: "AccessDeniedException", Delay: time.Second},
		"silent": {Hang: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := withKeys(t)
			const limit = 24 * time.Second // of which a quarter is for ECR Public
			m.env["ECR_LOGIN_TIMEOUT"] = limit.String()
			fault.Op = awstest.GetPublicAuthorizationToken
			m.cloud.Inject(fault)
			began := time.Now()
			var crowd sync.WaitGroup
			var lines atomic.Int64
			for range 10 {
				crowd.Go(func() {
					got := m.get(publicHost)
					if got.exit != 1 || got.stdout != "credentials not found in native keychain\n" {
						t.Errorf("got %+v", got)
					}
					lines.Add(int64(strings.Count(got.stderr, "\n")))
				})
			}
			crowd.Wait()
			if took := time.Since(began); took > limit*3/4 {
				t.Errorf("it took %s", took)
			}
			m.called(1)
			if got := m.get(publicHost); got.stderr != "" || lines.Load() != 1 {
				t.Errorf("%d lines in total, and later %q; want one line for each client", lines.Load(), got.stderr)
			}
			m.called(0)
		})
	}
}

// tick waits until the modification time of a new file is after the present. The file system's clock has a resolution
// of some milliseconds.
func (m *machine) tick() {
	m.t.Helper()
	for now := time.Now(); ; {
		info, err := os.Stat(m.file("tick", ""))
		if err != nil {
			m.t.Fatal(err)
		}
		if info.ModTime().After(now) {
			return
		}
	}
}

// TestFailuresOf checks that failures of ECR Public are cached for an identity, but no tokens, and no other failures.
func TestFailuresOf(t *testing.T) {
	u := newUser(t)
	ask := func(host, identity string) error {
		u.cache.FailuresOf = identity
		_, err := u.cache.Token(t.Context(), parse(t, host))
		return err
	}
	for i, tt := range []struct {
		host, identity string
		err            error
		calls          int // in total
	}{
		{publicHost, "a", nil, 1},
		{publicHost, "a", nil, 2},
		{publicHost, "a", errors.New("denied"), 3},
		{publicHost, "a", errors.New("denied"), 3},
		{publicHost, "b", nil, 4},
		{publicHost, "", nil, 5},
		{host, "a", errors.New("denied"), 6},
		{host, "a", errors.New("denied"), 7},
	} {
		u.source.err = tt.err
		if err := ask(tt.host, tt.identity); (err == nil) != (tt.err == nil) || u.source.calls != tt.calls {
			t.Errorf("%d: got %v after %d calls, want %v after %d", i, err, u.source.calls, tt.err, tt.calls)
		}
	}
	u.source.err = nil
	u.clock.advance(time.Minute)
	if err := ask(publicHost, "a"); err != nil {
		t.Errorf("after a minute: %v", err)
	}
}
