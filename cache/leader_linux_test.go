package cache_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// atLock waits until the process has opened its lock file.
func (p *process) atLock() { p.t.Helper(); p.opens(p.host) }

// opens waits until the process has opened a lock file of a host or an API.
func (p *process) opens(host string) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		open, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", p.cmd.Process.Pid))
		if slices.ContainsFunc(open, func(fd string) bool {
			target, _ := os.Readlink(fd)
			return strings.HasPrefix(filepath.Base(target), host+"@") && strings.HasSuffix(target, ".lock")
		}) {
			return
		}
	}
	p.t.Fatal("the process did not open its lock file")
}

// lead starts a leader, whose request is held at the gate, and n processes that wait for it.
func (m *machine) lead(g *gate, n int) (leader *process, waiters []*process) {
	m.t.Helper()
	leader = m.start("get", host)
	g.wait()
	waiters = m.starts(slices.Repeat([]string{host}, n)...)
	for _, p := range waiters {
		p.atLock()
	}
	return leader, waiters
}

// If the leader is killed, one of the waiting processes calls AWS immediately.
func TestLeaderKilled(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	g := m.gate()
	leader, waiters := m.lead(g, 5)
	leader.kill()
	killed := time.Now()
	g.wait() // the next leader
	g.open()
	password := waiters[0].wait().quiet().password()
	m.opens(host, password)
	for _, p := range waiters[1:] {
		if p.wait().quiet().password() != password {
			t.Error("the passwords differ")
		}
	}
	if took := time.Since(killed); took >= slot {
		t.Errorf("the other processes took %v, because they waited for a dead process", took)
	}
	m.called(1) // the leader's request was not forwarded
}

// The waiting processes return the failure of the leader instead of calling AWS.
func TestLeaderFails(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	m.fail()
	g := m.gate()
	leader, waiters := m.lead(g, 16)
	g.open()
	line := leader.wait().failed()
	if !strings.Contains(line, "access denied") {
		t.Errorf("the leader printed %q", line)
	}
	for _, p := range waiters {
		// On a slow machine, the failure takes longer than a second, and the fast path leaves it to the cache.
		if got, _, _ := strings.Cut(p.wait().failed(), found); got != line {
			t.Errorf("a waiting process printed %q, the leader %q", got, line)
		}
	}
	m.called(1)
}

// If a token cannot be cached, the waiting processes call AWS at the same time.
func TestTokenIsNotCached(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	g := m.gate()
	g.open()
	m.password(host)
	m.edit(host, func(lines []string) { lines[versionLine] = "ecr-login token 3" })
	g.shut()
	leader, waiters := m.lead(g, 8)
	g.pass()
	leader.wait().quiet().password()
	for range waiters {
		g.wait() // all are at the gate at the same time
	}
	g.open()
	for _, p := range waiters {
		p.wait().quiet().password()
	}
}

// That includes a process that took the lock in the fast path.
func TestTokenIsNotCachedByFastPath(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	g := m.gate()
	g.open()
	m.password(host)
	m.edit(host, func(lines []string) { lines[versionLine] = "ecr-login token 3" })
	g.shut()
	// As if a process found that out half a minute from now.
	m.touch(time.Now().Add(time.Hour+30*time.Second), m.kept(".lock")...)
	began := time.Now()
	processes := m.starts(host, host, host, host)
	for range processes {
		g.wait()
	}
	if took := time.Since(began); took >= slot {
		t.Errorf("the requests took %s", took)
	}
	g.open()
	for _, p := range processes {
		p.wait().quiet().password()
	}
}

// If the leader is stopped, the other processes return a token within their deadline. Those of another key do not wait.
func TestLeaderStopped(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	g := m.gate()
	leader, _ := m.lead(g, 0)
	leader.stop()
	g.open()
	if r := m.get(otherHost).quiet(); r.password() == "" || r.took >= slot {
		t.Errorf("a get of another key took %v", r.took)
	}
	const limit = 24 * time.Second
	hasty := m.with(map[string]string{"ECR_LOGIN_TIMEOUT": limit.String()})
	for _, r := range hasty.together(host, host, host, host) {
		m.opens(host, r.quiet().password())
		if r.took > limit {
			t.Errorf("a get took %v, more than its deadline", r.took)
		}
	}
	// A hit does not need the lock, which is still held.
	if r := m.get(host).quiet(); r.password() == "" || r.took >= slot {
		t.Errorf("a hit took %v", r.took)
	}
	leader.kill()
	m.run("erase", host)
	m.cloud.ResetCalls()
	if r := m.get(host).quiet(); r.password() == "" || r.took >= slot {
		t.Errorf("after the end of the leader, a get took %v", r.took)
	}
	m.called(1)
}

// While one process renews a token, the others return the valid token without waiting.
func TestNoWaitForRenewal(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	g := m.gate()
	g.open()
	first := m.password(host)
	g.shut()
	m.age(host, 7*time.Hour)
	leader, _ := m.lead(g, 0)
	for _, r := range m.together(slices.Repeat([]string{host}, 8)...) {
		if r.quiet().password() != first {
			t.Error("another token was returned")
		}
	}
	g.open()
	if second := leader.wait().quiet().password(); second == first || m.password(host) != second {
		t.Error("the token was not renewed")
	}
	m.called(2)
}

// After a third of the time, another process calls AWS. If that fails, the processes return the token that the leader
// has stored in the meantime.
func TestTokenOfSlowLeader(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	m.env["ECR_LOGIN_TIMEOUT"] = "18s"
	g := m.gate()
	leader, waiters := m.lead(g, 11)
	pass := g.passLater()
	g.wait() // the next process, after 6 s; the others wait for it until 12 s
	pass()
	password := leader.wait().quiet().password()
	m.opens(host, password)
	for _, p := range waiters {
		if p.wait().quiet().password() != password {
			t.Error("the passwords differ")
		}
	}
	if n := len(g.arrived); n > 1 {
		t.Errorf("%d processes called AWS in addition to these two", n)
	}
}
