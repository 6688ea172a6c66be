package cache_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ecrlogin/cache/store"
)

// age makes the host's entry older than it is: as if the clock had gone on, or had been set back when d is negative.
func (m *machine) age(host string, d time.Duration) {
	m.t.Helper()
	m.edit(host, func(e *store.Entry) {
		e.Issued -= int64(d.Seconds())
		e.Expiry -= int64(d.Seconds())
	})
}

// edit changes the host's only entry.
func (m *machine) edit(host string, change func(*store.Entry)) {
	m.t.Helper()
	var e store.Entry
	for _, name := range m.kept(".json") {
		if !strings.HasPrefix(name, host+"@") {
			continue
		}
		path := filepath.Join(m.cache, name)
		content, err := os.ReadFile(path)
		if err != nil {
			m.t.Fatal(err)
		}
		if err := json.Unmarshal(content, &e); err != nil {
			m.t.Fatal(err)
		}
		change(&e)
		if content, err = json.Marshal(e); err != nil {
			m.t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			m.t.Fatal(err)
		}
	}
	if e.Host == "" {
		m.t.Fatalf("there is no entry for %s", host)
	}
}

// A clock that is wrong makes no expired token served, and costs one request when it jumps and none after that.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]time.Duration{"13 hours ahead": 13 * time.Hour, "13 hours behind": -13 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := withKeys(t)
			first := m.password(host)
			m.called(1)
			m.age(host, d)
			second := m.password(host)
			if second == first {
				t.Error("the old token was served")
			}
			if m.password(host) != second {
				t.Error("the new token was not kept")
			}
			m.called(1)
		})
	}
}

// A token is renewed behind half of its life, as long as AWS answers.
func TestRenewed(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	first := m.password(host)
	m.age(host, 5*time.Hour+50*time.Minute)
	if m.password(host) != first {
		t.Error("a token in its first half was renewed")
	}
	m.age(host, 20*time.Minute)
	second := m.password(host)
	if second == first {
		t.Error("a token in its second half was not renewed")
	}
	if m.password(host) != second {
		t.Error("the new token was not kept")
	}
	m.called(2)
}

// While AWS fails, a valid token is served with one line that says so, and nobody asks AWS again and again.
func TestAWSFailsBeforeExpiry(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	first := m.password(host)
	m.age(host, 7*time.Hour)
	m.fail()
	const line = "using a token that is valid for another 5h0m0s, since it could not be renewed: " + host + ": access denied"
	for range 3 {
		if m.get(host).said(line).password() != first {
			t.Error("another token was served")
		}
	}
	m.called(2) // the first one, and one of the three

	unreachable := m.with(map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
	if err := os.Rename(m.entry(), m.entryOf(unreachable)); err != nil {
		t.Fatal(err)
	}
	if unreachable.get(host).said("refused the connection").password() != first {
		t.Error("another token was served")
	}
}

// entryOf returns where the host's entry is for another machine's identity.
func (m *machine) entryOf(other *machine) string {
	m.t.Helper()
	other.get(host)
	for _, name := range m.kept(".failure") {
		path := filepath.Join(m.cache, strings.TrimSuffix(name, ".failure")+".json")
		if _, err := os.Stat(path); os.IsNotExist(err) {
			if err := os.Remove(filepath.Join(m.cache, name)); err != nil {
				m.t.Fatal(err)
			}
			return path
		}
	}
	m.t.Fatal("no failure was kept")
	return ""
}

// Once expired, a token is never served, whatever AWS says.
func TestAWSFailsAfterExpiry(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	first := m.password(host)
	m.age(host, 12*time.Hour)
	m.fail()
	for range 2 {
		if line := m.get(host).failed(); !strings.Contains(line, "access denied") || strings.Contains(line, first[:40]) {
			t.Errorf("it said %q", line)
		}
	}
	m.called(3) // a quick failure is tried afresh
}
