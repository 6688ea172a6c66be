package cache_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
	"ecrlogin/internal/store"
)

// A process that is killed at any moment, 300 times, leaves nothing that the next one waits for or believes wrongly.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	life := m.get(host).took
	for range 5 { // the fastest is the least disturbed
		m.run("erase", host)
		life = min(life, m.get(host).took)
	}
	life = life * 5 / 4 // so that some live to their end
	written := 0
	for range 300 {
		if err := os.Remove(m.entry()); err != nil {
			t.Fatal(err)
		}
		m.cloud.ResetCalls()
		p := m.start("get", host)
		time.Sleep(rand.N(life))
		p.kill()
		if names := m.kept(".token"); len(names) != 0 {
			written++
		}
		r := m.get(host).quiet()
		m.checkEntry(r.password())
		if r.took > 6*time.Second { // a wait for a dead process ends after half of the 15 s timeout
			t.Fatalf("the next get took %v", r.took)
		}
		if n := m.cloud.Count(awstest.GetAuthorizationToken); n < 1 || n > 2 {
			t.Errorf("AWS was asked %d times", n)
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("of 300 that were killed within %v, %d had written their entry and %d left a temporary file", life, written, len(m.kept(".tmp")))
	m.sweepsTemporaries()
}

// checkEntry fails the test unless the one entry holds the password, and that opens the registry.
func (m *machine) checkEntry(password string) {
	m.t.Helper()
	m.opens(host, password)
	s, err := store.Open(m.cache, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	defer s.Close()
	kept, err := s.Entries()
	if err != nil || len(kept) != 1 || kept[0].Host != host || kept[0].Password != password || !kept[0].Fresh(time.Now()) {
		m.t.Errorf("the entries are not just the one that was answered (%d, %v)", len(kept), err)
	}
}

// sweepsTemporaries fails the test unless what processes have left behind goes away after a day, when one has written.
func (m *machine) sweepsTemporaries() {
	m.t.Helper()
	name := strings.TrimSuffix(filepath.Base(m.entry()), ".token")
	m.file("cache/"+name+".0123456789abcdef.tmp", "half an entr") // in case that no process has left one
	yesterday := time.Now().Add(-25 * time.Hour)
	for _, name := range append(m.kept(".tmp"), m.kept("-swept")...) {
		if err := os.Chtimes(filepath.Join(m.cache, name), yesterday, yesterday); err != nil {
			m.t.Fatal(err)
		}
	}
	m.password(otherHost)
	if left := m.kept(".tmp"); len(left) != 0 {
		m.t.Errorf("the sweep left %q", left)
	}
}
