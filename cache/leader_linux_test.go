package cache_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// atLock waits until the process has come to its lock: it has the file open, to hold the lock or to wait for it.
func (p *process) atLock() {
	p.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		open, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", p.cmd.Process.Pid))
		if slices.ContainsFunc(open, func(fd string) bool {
			target, _ := os.Readlink(fd)
			return strings.HasPrefix(filepath.Base(target), host+"@") && strings.HasSuffix(target, ".lock")
		}) {
			return
		}
	}
	p.t.Fatal("the process never came to its lock")
}

// lead starts a process that asks AWS and is held at the gate, and n more that wait for it.
func (m *machine) lead(g *gate, n int) (leader *process, waiters []*process) {
	m.t.Helper()
	leader = m.start("get", host)
	g.wait()
	for range n {
		waiters = append(waiters, m.start("get", host))
	}
	for _, p := range waiters {
		p.atLock()
	}
	return leader, waiters
}

// A leader that is killed leaves nothing to wait for: one of its waiters asks at once.
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
			t.Error("not all have the same password")
		}
	}
	if took := time.Since(killed); took > 6*time.Second { // a wait for a dead process ends after half of the 15 s timeout
		t.Errorf("they went on for %v", took)
	}
	m.called(1) // the leader's call never came through the gate
}

// The failure of the leader is the answer for those who waited for it: they do not queue up to fail one by one.
func TestLeaderFails(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	m.fail()
	g := m.gate()
	leader, waiters := m.lead(g, 16)
	g.open()
	line := leader.wait().failed()
	if !strings.Contains(line, "access denied") {
		t.Errorf("the leader said %q", line)
	}
	for _, p := range waiters {
		if got := p.wait().failed(); got != line {
			t.Errorf("a waiter said %q, the leader %q", got, line)
		}
	}
	m.called(1)
}

// An answer that cannot be kept is no reason to queue: once the first has found that out, the others ask all at once.
func TestAnswerThatCannotBeKept(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	g := m.gate()
	g.open()
	m.password(host)
	m.edit(host, func(lines []string) { lines[versionLine] = "ecr-login token 2" })
	g.shut()
	leader, waiters := m.lead(g, 8)
	g.pass()
	leader.wait().quiet().password()
	for range waiters {
		g.wait() // each stands at the gate while the others do
	}
	g.open()
	for _, p := range waiters {
		p.wait().quiet().password()
	}
}

// That is so too for the one among them that got the lock as the first, before most of the program was initialized.
func TestFirstLetsOthersThrough(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	g := m.gate()
	g.open()
	m.password(host)
	m.edit(host, func(lines []string) { lines[versionLine] = "ecr-login token 2" })
	g.shut()
	unkept := time.Now().Add(time.Hour + time.Minute) // as if somebody found that out a minute from now
	if err := os.Chtimes(filepath.Join(m.cache, m.kept(".lock")[0]), unkept, unkept); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var processes []*process
	for range 4 {
		processes = append(processes, m.start("get", host))
	}
	for range processes {
		g.wait()
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the others came after %s", took)
	}
	g.open()
	for _, p := range processes {
		p.wait().quiet().password()
	}
}

// A leader that is stopped costs the others half of their time and no failure, and those of another key nothing at
// all.
func TestLeaderStopped(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	m.env["ECR_LOGIN_TIMEOUT"] = "10s"
	g := m.gate()
	leader, _ := m.lead(g, 0)
	if err := leader.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	g.open()
	// The limit of 4 s is less than the 5 s that a wait for the leader takes.
	if r := m.get(otherHost).quiet(); r.password() == "" || r.took > 4*time.Second {
		t.Errorf("another key's get took %v", r.took)
	}
	runs := m.together(host, host, host, host)
	for _, r := range runs {
		m.opens(host, r.quiet().password())
		if r.took > 10*time.Second {
			t.Errorf("a get took %v, which is beyond its deadline", r.took)
		}
	}
	// Its lock is still held; that is nothing to a hit.
	if r := m.get(host).quiet(); r.password() == "" || r.took > 4*time.Second {
		t.Errorf("a hit took %v", r.took)
	}
	leader.kill()
	m.run("erase", host)
	m.cloud.ResetCalls()
	if r := m.get(host).quiet(); r.password() == "" || r.took > 4*time.Second {
		t.Errorf("after the leader's end a get took %v", r.took)
	}
	m.called(1)
}

// While one process renews, the others are served the valid token without waiting.
func TestRenewalMakesNobodyWait(t *testing.T) {
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
			t.Error("another token was served")
		}
	}
	g.open()
	if second := leader.wait().quiet().password(); second == first || m.password(host) != second {
		t.Error("the token was not renewed")
	}
	m.called(2)
}

// Waiters that gave up and asked for themselves take the answer that another process has left meanwhile, before they
// fail; and of those that give up, one asks and not all.
func TestWaitersTakeTheAnswer(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	m.env["ECR_LOGIN_TIMEOUT"] = "8s"
	// The waiters give up after 5.2 s of their 7.7, and those who wait for one of them after 6.4.
	m.cloud.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Delay: 5700 * time.Millisecond, Times: 1})
	m.cloud.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Hang: true})
	runs := m.together(slices.Repeat([]string{host}, 12)...)
	password := runs[0].password()
	m.opens(host, password)
	for _, r := range runs {
		if r.quiet().password() != password {
			t.Error("not all have the same password")
		}
	}
	if n := m.cloud.Count(awstest.GetAuthorizationToken); n > 6 {
		t.Errorf("AWS was asked %d times; 2 are enough", n)
	}
}
