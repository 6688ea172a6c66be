package cache_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/awstest"
	"ecrlogin/registry"
)

// docker logout during a get wins: neither its token nor those of the gets that wait for it are kept. They are given
// one, and do not queue up for it.
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
				g.wait() // each stands at the gate while the others do
			}
			g.open()
			for _, p := range waiters {
				m.opens(host, p.wait().quiet().password())
			}
			if names := m.kept(".token"); len(names) != 0 {
				t.Errorf("kept are %q", names)
			}
			m.checkEntry(m.password(host))
		})
	}
}

// The same for a renewal, for a failure that would be remembered, and for whoever is logged out of another host.
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
			t.Errorf("kept are %q", names)
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

// A calling Source tells when it is asked.
type calling struct {
	credentials.Source
	called func()
}

func (c calling) Token(ctx context.Context, r registry.Registry) (credentials.Token, error) {
	c.called()
	return c.Source.Token(ctx, r)
}

// However the steps of the two are interleaved.
func TestEraseAtAnyMoment(t *testing.T) {
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
			t.Fatalf("kept are %d tokens, %v", len(kept), err)
		}
	}
}

// old makes files of the cache look as if they had not been written for more than a day.
func (m *machine) old(names ...string) {
	m.t.Helper()
	yesterday := time.Now().Add(-25 * time.Hour)
	for _, name := range names {
		if err := os.Chtimes(filepath.Join(m.cache, name), yesterday, yesterday); err != nil {
			m.t.Fatal(err)
		}
	}
}

// The daily sweep leaves a lock that is held, however old its file is: while one asks, the next one waits for its
// answer.
func TestSweepLeavesHeldLocks(t *testing.T) {
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
	if names := m.kept(".lock"); len(held) != 1 || len(names) != 2 { // this get's own is held too
		t.Errorf("left are the locks %q; one was %q", names, held)
	}
	waiter := m.start("get", host)
	waiter.atLock()
	m.cloud.ResetCalls()
	g.open()
	if leader.wait().quiet().password() != waiter.wait().quiet().password() {
		t.Error("the second get asked too")
	}
	m.called(1)

	// One that nobody holds goes.
	m.old(append(m.kept(".lock"), m.kept("-swept")...)...)
	direct.run("erase", otherHost)
	m.cloud.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Times: 1})
	direct.password(otherHost)
	if names := m.kept(".lock"); len(names) != 1 || names[0] == held[0] {
		t.Errorf("left are the locks %q", names)
	}
}
