package cache_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// recover ends an outage: new requests are let through. Those that are held are lost, and never answered.
func (g *gate) recover() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opened = make(chan struct{})
	close(g.opened)
}

// busy is how long many processes that start at the same time may take to start, which is not part of their time.
const busy = time.Second

// few is the largest number of requests of 40 processes that start together.
const few = 8

// When the API recovers after four fifths of the time of many processes, all of them get a token, after few requests,
// whether the API answers the requests that it received in the meantime or not.
func TestUnavailableAPI(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*gate){"held requests are answered": (*gate).open, "held requests are lost": (*gate).recover} {
		for name2, hosts := range map[string][]string{"one host": {host}, "two hosts": {host, sameRegion}} {
			t.Run(name+"/"+name2, func(t *testing.T) {
				t.Parallel()
				m := withKeys(t)
				const limit = 10 * time.Second
				m.env["ECR_LOGIN_TIMEOUT"] = limit.String()
				g := m.gate()
				processes := m.starts(slices.Repeat(hosts, 40/len(hosts))...)
				time.AfterFunc(time.Until(processes[0].began.Add(limit*4/5)), func() { end(g) })
				passwords := map[string]bool{}
				for _, p := range processes {
					r := p.wait().quiet()
					passwords[r.password()] = true
					if r.took > limit+busy {
						t.Errorf("a get took %s", r.took)
					}
				}
				for password := range passwords {
					m.opens(host, password)
				}
				n := len(g.arrived)
				t.Logf("%d requests, %d passwords", n, len(passwords))
				if n > few || len(passwords) > n {
					t.Errorf("want at most %d requests", few)
				}
			})
		}
	}
}

// When the API does not recover, each process prints an error at its deadline, after few requests.
func TestAPIDoesNotRecover(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	const limit = 4 * time.Second
	m.env["ECR_LOGIN_TIMEOUT"] = limit.String()
	g := m.gate()
	for _, r := range m.together(slices.Repeat([]string{host}, 40)...) {
		if line := r.failed(); !strings.Contains(line, ": timed out ") || r.took > limit+busy {
			t.Errorf("after %s: %q", r.took, line)
		}
	}
	if n := len(g.arrived); n > few {
		t.Errorf("%d requests, want at most %d", n, few)
	}
}

// A process does not return the timeout of another one while it has time.
func TestTimeoutIsNotAdopted(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	g := m.gate()
	hasty := m.with(map[string]string{"ECR_LOGIN_TIMEOUT": "6s"})
	leader, _ := hasty.lead(g, 0)
	m.env["ECR_LOGIN_TIMEOUT"] = "27s" // of which it waits nine for the leader
	patient := m.starts(host, host, sameRegion)
	for _, p := range patient[:2] {
		p.atLock()
	}
	if line := leader.wait().failed(); !strings.Contains(line, ": timed out after ") {
		t.Errorf("the leader printed %q", line)
	}
	g.wait() // one of the others
	g.open()
	password := patient[0].wait().quiet().password()
	for _, p := range patient[1:] {
		if r := p.wait().quiet(); r.password() != password || r.took > 24*time.Second {
			t.Errorf("a get took %s, or got another password", r.took)
		}
	}
	m.called(1)
}

// Processes with little time do not use up the locks of those with more: these get a token when the API has recovered,
// although it never answers the requests that it received before.
func TestTimeoutsOfHastyProcesses(t *testing.T) {
	t.Parallel()
	for name, configuration := range map[string]string{"fast path": "", "slow path": "timeout: 25s"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := withKeys(t)
			m.file(".config/ecr-login/config.yaml", configuration)
			g := m.gate()
			leader, _ := m.with(map[string]string{"ECR_LOGIN_TIMEOUT": "4s"}).lead(g, 0)
			second := m.with(map[string]string{"ECR_LOGIN_TIMEOUT": "6s"}).start("get", host)
			m.env["ECR_LOGIN_TIMEOUT"] = "24s"
			patient := m.starts(slices.Repeat([]string{host}, 6)...)
			for _, p := range []*process{leader, second} {
				if line := p.wait().failed(); !strings.Contains(line, ": timed out ") {
					t.Errorf("a process with little time printed %q", line)
				}
			}
			time.AfterFunc(6*time.Second, g.recover)
			for _, p := range patient {
				p.wait().quiet().password()
			}
			if n := len(g.arrived); n > 8 {
				t.Errorf("%d requests, want at most 8", n)
			}
		})
	}
}

// After the clock was set back, the times of the lock files are in the future. One process sends a request.
func TestCrowdAfterClockIsSetBack(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{10 * time.Minute, 45 * time.Minute, 2 * time.Hour, 20 * 365 * 24 * time.Hour} {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			m := withKeys(t)
			g := m.gate()
			g.open()
			m.password(host)
			for _, name := range m.kept(".token") {
				if err := os.Remove(filepath.Join(m.cache, name)); err != nil {
					t.Fatal(err)
				}
			}
			m.touch(time.Now().Add(d), m.kept(".lock")...)
			g.shut()
			m.called(1)
			leader, waiters := m.lead(g, 10)
			g.open()
			password := leader.wait().quiet().password()
			for _, p := range waiters {
				if p.wait().quiet().password() != password {
					t.Error("a process got another password")
				}
			}
			m.called(1)
		})
	}
}

// stop stops the process, which keeps its locks.
func (p *process) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		p.t.Fatal(err)
	}
}

// While a process is stopped that holds the locks, tokens of all hosts of the region are renewed.
func TestRenewalWhileLeaderIsStopped(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	g := m.gate()
	g.open()
	first := m.password(host)
	m.password(sameRegion)
	g.shut()
	m.age(host, 7*time.Hour)
	leader, _ := m.lead(g, 0)
	leader.stop()
	g.recover()
	began := time.Now()
	if m.password(host) != first || time.Since(began) >= slot {
		t.Error("the renewal was not left to a process that has just started it")
	}
	m.called(1)
	m.touch(time.Now().Add(-2*time.Minute), m.kept(".lock")...)
	second := m.password(host)
	if second == first {
		t.Error("the token was not renewed")
	}
	leader.kill()
	m.called(1)
}

// While a process is stopped that has started to fetch a token, others get one, and renew it later.
func TestFetchAndRenewalWhileLeaderIsStopped(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	const limit = 15 * time.Second
	m.env["ECR_LOGIN_TIMEOUT"] = limit.String()
	g := m.gate()
	leader, _ := m.lead(g, 0)
	leader.stop()
	g.recover()
	var first string
	for _, r := range m.together(slices.Repeat([]string{host, sameRegion}, 8)...) {
		if first == "" {
			first = r.quiet().password()
		}
		if r.quiet().password() != first || r.took > limit {
			t.Errorf("a get took %s, or got another password", r.took)
		}
	}
	m.called(1)
	m.age(host, 7*time.Hour)
	m.touch(time.Now().Add(-2*time.Minute), m.kept(".lock")...)
	if m.password(host) == first {
		t.Error("the token was not renewed")
	}
	m.called(1)
	leader.kill()
}

// If a leader is killed, a process that waits for it for another host of the region calls AWS immediately.
func TestLeaderOfRegionKilled(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	g := m.gate()
	leader, _ := m.lead(g, 0)
	waiter := m.start("get", sameRegion)
	waiter.opens(parse(t, host).API())
	leader.kill()
	killed := time.Now()
	g.wait()
	g.open()
	m.opens(sameRegion, waiter.wait().quiet().password())
	if took := time.Since(killed); took >= slot {
		t.Errorf("the other process took %v, because it waited for a dead process", took)
	}
	m.called(1) // the leader's request was not forwarded
}
