package kubernetes

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecrlogin/refresh"
	"ecrlogin/refresh/kubernetes/secret"
)

func TestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer()
		for i := range 1200 {
			server.create(fmt.Sprintf("team-%04d", i), nil)
		}
		server.create("other", nil)
		server.put("team-old", nil, true, false)
		busy := map[string]bool{}
		server.setIntercept(func(w http.ResponseWriter, r *http.Request) bool {
			server.mu.Lock()
			defer server.mu.Unlock()
			switch {
			case strings.Contains(r.URL.Path, "/team-0007/"):
				fail(w, http.StatusForbidden, metav1.StatusReasonForbidden, "secrets is forbidden")
				return true
			case strings.Contains(r.URL.Path, "/team-0008/") && !busy[r.URL.Path]:
				busy[r.URL.Path] = true
				w.Header().Set("Retry-After", "2")
				fail(w, http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests, "too many requests")
				return true
			}
			return false
		})
		f := newFixture(t, server, Options{Once: true})
		s := f.secret(secret.Rule{Namespaces: []string{"team-*"}})
		f.apply(s)
		wantReport(t, s, "{Current:1199 Pending:0 Failing:[{Place:namespace team-0007 Error:secrets is forbidden}] Standby:false}")
		if server.count("WATCH") != 0 || server.count("leases") != 0 || server.count("GET /api/v1/namespaces") != 3 {
			t.Error("want 3 lists and no watch")
		}
		if n := server.count("PATCH"); n != 1201 {
			t.Errorf("got %d writes, want 1201", n)
		}
	})
}

func TestOnceUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a")
		server.setIntercept(writeNever)
		f := newFixture(t, server, Options{Once: true})
		err := f.secret(secret.Rule{}).Apply(t.Context(), []refresh.Credential{freshCredential()})
		if want := "list namespaces: API server is unavailable: no response within 10s"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
}

func TestOncePrune(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a", "b")
		server.secrets["b/regcred"] = 1
		f := newFixture(t, server, Options{Once: true})
		f.apply(f.secret(secret.Rule{Namespaces: []string{"a*"}, Prune: true}))
		f.wantWritten("a/regcred")
	})
}

// TestOncePruneOtherRule tests that a rule does not delete the Secrets of another rule with the same name.
func TestOncePruneOtherRule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, newFakeServer("a", "b"), Options{Once: true})
		a, b := f.secret(secret.Rule{Namespaces: []string{"a"}}), f.secret(secret.Rule{Namespaces: []string{"b*"}, Prune: true})
		f.cluster.Use([]*Secret{a, b})
		f.apply(a)
		f.apply(b)
		f.wantWritten("a/regcred b/regcred")
	})
}

// TestOnceMissing tests namespaces that are selected by name and do not exist.
func TestOnceMissing(t *testing.T) {
	for skip, want := range map[bool]string{
		false: `{Current:1 Pending:0 Failing:[{Place:namespace missing Error:namespaces "missing" not found}] Standby:false}`,
		true:  "{Current:1 Pending:0 Failing:[] Standby:false}",
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t, newFakeServer("a", "b"), Options{Once: true})
			s := f.secret(secret.Rule{Namespaces: []string{"a", "missing"}, SkipMissing: skip})
			f.apply(s)
			f.wantWritten("a/regcred")
			wantReport(t, s, want)
		})
	}
}

func TestPlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("b", "a", "c")
		f := newFixture(t, server, Options{Once: true})
		changes, err := f.secret(secret.Rule{Exclude: []string{"c"}}).Plan(t.Context())
		if got, want := fmt.Sprint(changes, err), "[{a create } {b create }] <nil>"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		changes, err = f.secret(secret.Rule{Exclude: []string{"c"}, Prune: true}).Plan(t.Context())
		if got, want := fmt.Sprint(changes, err), "[{a create } {b create } {c delete }] <nil>"; got != want {
			t.Errorf("with prune: got %s, want %s", got, want)
		}
	})
}

// TestExpired tests that an expired password is never written, also to namespaces that appear later.
func TestExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a")
		f := newFixture(t, server, Options{})
		s := f.secret(secret.Rule{})
		s.writer = newWriter(s.rule, f.cluster.clients.metadata, f.cluster.clients.core, f.cluster.log)
		f.run(s)
		f.apply(s)
		time.Sleep(13 * time.Hour)
		server.create("b", nil)
		f.wantWritten("a/regcred")
		if r := s.Report(); len(r.Failing) != 1 || !strings.Contains(r.Failing[0].Error, "expired") {
			t.Errorf("got %+v", r)
		}
	})
}

// TestForget tests that nothing is remembered of namespaces that disappeared without an event, for example while another
// replica was leading.
func TestForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a", "b")
		f := newFixture(t, server, Options{Once: true})
		s := f.secret(secret.Rule{})
		w := newWriter(s.rule, f.cluster.clients.metadata, f.cluster.clients.core, f.cluster.log)
		s.writer = w
		f.apply(s)
		server.delete("b")
		f.apply(s)
		if len(w.memories) != 1 || w.memory("a").uid == "" {
			t.Errorf("got %v", w.memories)
		}
	})
}
