package cache_test

import (
	"context"
	"testing"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/awstest"
	"ecrlogin/registry"
)

// After docker logout during a get, neither the token of that get nor those of waiting processes are cached. The
// waiting processes do not wait for each other.
func TestEraseDuringGet(t *testing.T) {
	t.Parallel()
	for name, erase := range map[string]func(m *machine) run{
		"erase": func(m *machine) run { return m.run("erase", "https://"+host) },
		"clear": func(m *machine) run { return m.run("cache", "", "clear", "--all") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := withKeys(t)
			g := m.gate()
			leader, waiters := m.lead(g, 4)
			if r := erase(m).quiet(); r.exit != 0 {
				t.Errorf("exit code %d", r.exit)
			}
			g.pass()
			m.opens(host, leader.wait().quiet().password())
			for range waiters {
				g.wait() // all are at the gate at the same time
			}
			g.open()
			for _, p := range waiters {
				m.opens(host, p.wait().quiet().password())
			}
			if names := m.kept(".token"); len(names) != 0 {
				t.Errorf("%q are cached", names)
			}
			m.checkEntry(m.password(host))
		})
	}
}

// After docker logout, neither a renewed token nor a failure is cached. A logout from another host has no effect.
func TestEraseDuringOtherGets(t *testing.T) {
	t.Parallel()
	t.Run("renewal", func(t *testing.T) {
		t.Parallel()
		m := withKeys(t)
		g := m.gate()
		g.open()
		m.password(host)
		g.shut()
		m.age(host, 7*time.Hour)
		leader, _ := m.lead(g, 0)
		m.run("erase", host)
		g.open()
		m.opens(host, leader.wait().quiet().password())
		if names := m.kept(".token"); len(names) != 0 {
			t.Errorf("%q are cached", names)
		}
	})
	t.Run("failure", func(t *testing.T) {
		t.Parallel()
		m := withKeys(t)
		m.failSlowly()
		g := m.gate()
		leader, _ := m.lead(g, 0)
		m.run("erase", host)
		g.open()
		leader.wait().failed()
		m.cloud.ClearFaults()
		m.password(host)
	})
	t.Run("other host", func(t *testing.T) {
		t.Parallel()
		m := withKeys(t)
		g := m.gate()
		leader, _ := m.lead(g, 0)
		m.run("erase", otherHost)
		g.open()
		m.checkEntry(leader.wait().quiet().password())
	})
}

// A calling Source calls a function before each token.
type calling struct {
	credentials.Source
	called func()
}

func (c calling) Token(ctx context.Context, r registry.Registry) (credentials.Token, error) {
	c.called()
	return c.Source.Token(ctx, r)
}

// No token is cached after an erase, for any order of its steps and those of a get.
func TestEraseAtAnyTime(t *testing.T) {
	u := newUser(t)
	for range 500 {
		erased := make(chan error, 1)
		c := *u.cache
		c.Source = calling{u.source, func() { go func() { erased <- u.cache.Drop(host) }() }}
		if _, err := c.Token(t.Context(), parse(t, host)); err != nil {
			t.Fatal(err)
		}
		if err := <-erased; err != nil {
			t.Fatal(err)
		}
		if kept, err := u.cache.Entries(); err != nil || len(kept) != 0 {
			t.Fatalf("%d tokens are cached, %v", len(kept), err)
		}
	}
}

// The daily sweep does not remove a lock file that is locked, so that other processes wait for its holder.
func TestSweepKeepsHeldLocks(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	g := m.gate()
	leader, _ := m.lead(g, 0)
	held := m.kept(".lock")
	direct := m.with(map[string]string{"AWS_ENDPOINT_URL": m.cloud.URL})
	direct.password(otherHost)
	direct.run("erase", otherHost)
	m.old(append(m.kept(".lock"), m.kept("-swept")...)...)
	direct.password(otherHost)
	if names := m.kept(".lock"); len(held) != 2 || len(names) != 4 { // the lock of this get and its API are held too
		t.Errorf("the lock files are %q; one was %q", names, held)
	}
	waiter := m.start("get", host)
	waiter.atLock()
	m.cloud.ResetCalls()
	g.open()
	if leader.wait().quiet().password() != waiter.wait().quiet().password() {
		t.Error("the second get called AWS")
	}
	m.called(1)

	// A lock file without a holder is removed.
	m.old(append(m.kept(".lock"), m.kept("-swept")...)...)
	direct.run("erase", otherHost)
	m.cloud.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Times: 1})
	direct.password(otherHost)
	if names := m.kept(".lock"); len(names) != 2 || names[0] == held[0] || names[1] == held[1] {
		t.Errorf("the lock files are %q", names)
	}
}
