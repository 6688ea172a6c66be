package cache_test

import (
	"encoding/json"
	"maps"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// list returns the registries that the action list prints.
func (m *machine) list() map[string]string {
	m.t.Helper()
	r := m.run("list", "").quiet()
	var hosts map[string]string
	if err := json.Unmarshal([]byte(r.stdout), &hosts); err != nil || r.exit != 0 || hosts == nil {
		m.t.Errorf("list: exit code %d, stdout %q", r.exit, r.stdout)
	}
	return hosts
}

// List returns the registries with a valid token for the current identity, without calls to AWS.
func TestList(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	expect := func(m *machine, hosts ...string) {
		t.Helper()
		want := map[string]string{}
		for _, h := range hosts {
			want[h] = "AWS"
		}
		if got := m.list(); !maps.Equal(got, want) {
			t.Errorf("list = %v, want %v", got, want)
		}
	}
	expect(m)
	m.password(host)
	m.password(otherHost)
	m.cloud.ResetCalls()
	expect(m, host, otherHost)
	expect(m.with(map[string]string{"AWS_PROFILE": "other"}))
	m.age(otherHost, 11*time.Hour) // stale
	expect(m, host, otherHost)
	m.age(otherHost, 13*time.Hour)
	expect(m, host)
	if calls := m.cloud.Calls(); len(calls) != 0 {
		t.Errorf("list made the calls %v", calls)
	}
}

// Erase removes the entries of one host for all identities.
func TestErase(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	m.cloud.AddKey(awstest.Key{ID: "AKIAOTHER", Secret: "other-secret", Account: awstest.Account})
	other := m.with(map[string]string{"AWS_ACCESS_KEY_ID": "AKIAOTHER", "AWS_SECRET_ACCESS_KEY": "other-secret"})
	first, second, third := m.password(host), other.password(host), m.password(otherHost)
	m.called(3)
	if r := m.run("erase", "https://"+host+"/").quiet(); r.exit != 0 || r.stdout != "" {
		t.Errorf("erase: exit code %d, stdout %q", r.exit, r.stdout)
	}
	if len(m.kept(".token")) != 2 || m.password(otherHost) != third {
		t.Error("the entry of another host was removed")
	}
	m.called(0)
	if m.password(host) == first || other.password(host) == second {
		t.Error("an entry was not removed")
	}
	m.called(2)
}

// Erase succeeds if there is no entry, because clients run it for every logout.
func TestEraseNothing(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	for _, h := range []string{host, "registry.test"} {
		if r := m.run("erase", h).quiet(); r.exit != 0 {
			t.Errorf("erase: exit code %d", r.exit)
		}
	}
}
