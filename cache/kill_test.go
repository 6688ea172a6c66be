package cache_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
	"ecrlogin/internal/store"
)

// A process that is killed at a random time does not delay the next one or leave an invalid entry.
func TestKilledAtAnyTime(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	life := m.get(host).took
	for range 5 { // the fastest one
		m.run("erase", host)
		life = min(life, m.get(host).took)
	}
	life = life * 5 / 4 // so that some finish
	runs, written := 0, 0
	for began := time.Now(); runs < 300 && time.Since(began) < 2*time.Minute; runs++ { // fewer on a busy machine
		for _, path := range m.entries() {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
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
		if r.took >= slot {
			t.Fatalf("the next get took %v, because it waited for a dead process", r.took)
		}
		if n := m.cloud.Count(awstest.GetAuthorizationToken); n < 1 || n > 2 {
			t.Errorf("%d calls to AWS, want 1 or 2", n)
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("of %d processes killed within %v, %d had written their entry, and %d left a temporary file",
		runs, life, written, len(m.kept(".tmp")))
	m.sweepsTemporaries()
}

// checkEntry fails the test unless the only entries, of the host and of its API, contain the password, and the registry
// accepts it.
func (m *machine) checkEntry(password string) {
	m.t.Helper()
	m.opens(host, password)
	s, err := store.Open(m.cache, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	defer s.Close()
	kept, err := s.Entries()
	slices.SortFunc(kept, func(a, b store.Kept) int { return strings.Compare(a.Host, b.Host) })
	if err != nil || len(kept) != 2 || kept[0].Host != host || kept[1].Host != parse(m.t, host).API() {
		m.t.Fatalf("%d entries, %v; want those of the host and the API", len(kept), err)
	}
	for _, k := range kept {
		if k.Password != password || k.Origin != host || !k.Fresh(time.Now()) {
			m.t.Errorf("the entry of %s, requested for %s, is not the returned token", k.Host, k.Origin)
		}
	}
}

// sweepsTemporaries fails the test unless the next process removes temporary files that are a day old.
func (m *machine) sweepsTemporaries() {
	m.t.Helper()
	name := strings.TrimSuffix(filepath.Base(m.entry()), ".token")
	m.file("cache/"+name+".0123456789abcdef.tmp", "half an entr") // in case no process has left one
	m.old(append(m.kept(".tmp"), m.kept("-swept")...)...)
	m.password(otherHost)
	if left := m.kept(".tmp"); len(left) != 0 {
		m.t.Errorf("the sweep left %q", left)
	}
}
