package kubernetes

import (
	"context"
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

// TestRetryAfter tests that a busy API server decides when a namespace is tried again, and that others do not wait.
func TestRetryAfter(t *testing.T) {
	for _, code := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newFakeServer("a", "b", "c")
				f := newFixture(t, server, Options{})
				s := f.secret(secret.Rule{})
				server.setIntercept(denyPath("/api/v1/namespaces/b/secrets/regcred", code, "", "too many requests", "Retry-After", "40"))
				f.run(s)
				began := time.Now()
				f.apply(s)
				if took := time.Since(began); took > time.Second {
					t.Errorf("Apply took %v", took)
				}
				f.wantWritten("a/regcred c/regcred")
				if r := s.Report(); len(r.Failing) != 1 || !strings.Contains(r.Failing[0].Error, "too many requests") {
					t.Errorf("got %+v", r)
				}
				server.setIntercept(nil)
				time.Sleep(39 * time.Second)
				f.wantWritten("a/regcred c/regcred")
				time.Sleep(10 * time.Second)
				f.wantWritten("a/regcred b/regcred c/regcred")
				if n := server.count("PATCH /api/v1/namespaces/b/"); n != 2 {
					t.Errorf("got %d requests, want 2", n)
				}
			})
		})
	}
}

// TestBackoff tests when a namespace that fails is tried again.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a")
		f := newFixture(t, server, Options{})
		s := f.secret(secret.Rule{})
		var tries []time.Time
		server.setIntercept(func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPatch {
				return false
			}
			tries = append(tries, time.Now())
			fail(w, http.StatusForbidden, metav1.StatusReasonForbidden, "secrets is forbidden")
			return true
		})
		f.run(s)
		f.apply(s)
		time.Sleep(time.Hour)
		synctest.Wait()
		for i := 1; i < len(tries); i++ {
			longest := min(time.Second<<(i-1), retryLimit)
			if got := tries[i].Sub(tries[i-1]); got < longest/2 || got > longest {
				t.Errorf("retry %d after %v, want %v to %v", i, got, longest/2, longest)
			}
		}
		if len(tries) < 15 {
			t.Errorf("got %d tries in an hour", len(tries))
		}
		if n := f.log.count("cannot write the Secret"); n != 1 {
			t.Errorf("logged %d times, want once", n)
		}
	})
}

// TestHungWrite tests that a request without an answer ends, and that others do not wait for it.
func TestHungWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a", "b", "c")
		f := newFixture(t, server, Options{})
		s := f.secret(secret.Rule{})
		server.setIntercept(func(w http.ResponseWriter, r *http.Request) bool {
			return strings.Contains(r.URL.Path, "/b/") && writeNever(w, r)
		})
		f.run(s)
		began := time.Now()
		f.apply(s)
		if took := time.Since(began); took != requestLimit {
			t.Errorf("Apply took %v, want %v", took, requestLimit)
		}
		f.wantWritten("a/regcred c/regcred")
		wantReport(t, s, "{Current:2 Pending:0 Failing:[{Place:namespace b Error:patch secrets in namespace b: "+
			"API server is unavailable: no response within 10s}] Standby:false}")
		server.setIntercept(nil)
		time.Sleep(2 * time.Second)
		f.wantWritten("a/regcred b/regcred c/regcred")
	})
}

// TestOutage tests that namespaces that were created during a long outage of the API server are served soon after it,
// and that it is logged once by each part.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a")
		f, _ := replica(t, server, "first")
		down := func(w http.ResponseWriter, _ *http.Request) bool {
			fail(w, http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, "starting")
			return true
		}
		server.setIntercept(down)
		f.cluster.namespaces.mu.Lock()
		live := f.cluster.namespaces.current
		f.cluster.namespaces.mu.Unlock()
		live.Stop()
		time.Sleep(10 * time.Minute)
		server.put("b", nil, false, true)
		server.setIntercept(nil)
		time.Sleep(reconnectLimit + leaseDuration + 2*retryPeriod)
		f.wantWritten("a/regcred b/regcred")
		for _, message := range []string{"cannot watch namespaces", "cannot get the lease", "cannot update the lease"} {
			if n := f.log.count(message); n != 1 {
				t.Errorf("%q: logged %d times, want once", message, n)
			}
		}
		if got := f.cluster.Status(); !got.Leading || got.Error != "" {
			t.Errorf("got %+v", got)
		}
	})
}

// TestForbiddenList tests that Apply names the missing permission, and that granting it is enough.
func TestForbiddenList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a")
		f := newFixture(t, server, Options{})
		s := f.secret(secret.Rule{})
		server.setIntercept(denyPath("/api/v1/namespaces", http.StatusForbidden, metav1.StatusReasonForbidden,
			`namespaces is forbidden: User "u" cannot list resource "namespaces" in API group "" at the cluster scope`))
		f.run(s)
		err := s.Apply(t.Context(), []refresh.Credential{freshCredential()})
		if err == nil || !strings.HasSuffix(err.Error(), "at the cluster scope; grant the verb list on namespaces with RBAC") {
			t.Errorf("got %v", err)
		}
		if err := f.cluster.Ready(); err == nil || !strings.Contains(err.Error(), "cannot list") {
			t.Errorf("Ready: %v", err)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if err := f.cluster.Healthy(); err == nil || !strings.Contains(err.Error(), "cannot list") {
			t.Errorf("Healthy: %v", err)
		}
		if n := f.log.count("cannot list namespaces"); n != 1 {
			t.Errorf("logged %d times, want once", n)
		}
		server.setIntercept(nil)
		time.Sleep(time.Minute)
		f.wantWritten("a/regcred")
		if err := f.cluster.Ready(); err != nil {
			t.Error(err)
		}
		if err := f.cluster.Healthy(); err != nil {
			t.Error(err)
		}
		if got := f.cluster.Status(); !got.Synced || !got.Leading || got.Error != "" {
			t.Errorf("got %+v", got)
		}
	})
}

// TestForbiddenWatch tests that existing namespaces are served without the permission to watch, and that the missing
// permission is reported.
func TestForbiddenWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a")
		f := newFixture(t, server, Options{})
		s := f.secret(secret.Rule{})
		server.setIntercept(func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Query().Get("watch") == "" {
				return false
			}
			fail(w, http.StatusForbidden, metav1.StatusReasonForbidden, `User "u" cannot watch resource "namespaces"`)
			return true
		})
		f.run(s)
		for s.Apply(t.Context(), []refresh.Credential{freshCredential()}) != nil {
			time.Sleep(time.Second)
		}
		f.wantWritten("a/regcred")
		if got := f.cluster.Status().Error; !strings.Contains(got, "grant the verb watch on namespaces") {
			t.Errorf("got %q", got)
		}
	})
}

// TestGone tests that the informer lists again after the watch expired.
func TestGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a")
		f := newFixture(t, server, Options{})
		s := f.secret(secret.Rule{})
		f.run(s)
		f.apply(s)
		server.put("lost", nil, false, true)
		f.cluster.namespaces.mu.Lock()
		live := f.cluster.namespaces.current
		f.cluster.namespaces.mu.Unlock()
		live.fail(errStale) // as a server with status 410
		time.Sleep(2 * time.Second)
		f.wantWritten("a/regcred lost/regcred")
		if n := f.log.count("level=WARN"); n != 0 {
			t.Errorf("an expired watch was logged")
		}
	})
}

// TestAudit tests that a lost event is found, logged and repaired.
func TestAudit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a")
		f := newFixture(t, server, Options{})
		s := f.secret(secret.Rule{})
		f.run(s)
		f.apply(s)
		server.put("lost", nil, false, true)
		for range 9 {
			time.Sleep(time.Minute)
			server.bookmark()
		}
		f.wantWritten("a/regcred")
		time.Sleep(2 * time.Minute)
		f.wantWritten("a/regcred lost/regcred")
		if n := f.log.count("the watch of namespaces missed changes"); n != 1 {
			t.Errorf("logged %d times, want once: %s", n, f.log.buf.String())
		}
		time.Sleep(11 * time.Minute)
		if n := f.log.count("the watch of namespaces missed changes"); n != 1 {
			t.Errorf("logged %d times, want once", n)
		}
	})
}

// TestSilentWatch tests that a watch without events and bookmarks is replaced, and that the cluster is not healthy if
// nothing helps.
func TestSilentWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a")
		f := newFixture(t, server, Options{})
		s := f.secret(secret.Rule{})
		f.run(s)
		f.apply(s)
		synctest.Wait()
		watches := server.count("WATCH")
		time.Sleep(silenceLimit + time.Second)
		synctest.Wait()
		if n := server.count("WATCH"); n != watches+1 {
			t.Errorf("got %d watches, want %d", n, watches+1)
		}
		if err := f.cluster.Healthy(); err != nil {
			t.Error(err)
		}
		server.setIntercept(writeNever)
		time.Sleep(watchAgeLimit + silenceLimit)
		synctest.Wait()
		if err := f.cluster.Healthy(); err == nil || !strings.Contains(err.Error(), "watch of namespaces: no event for") {
			t.Errorf("got %v", err)
		}
		server.setIntercept(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if err := f.cluster.Healthy(); err != nil {
			t.Error(err)
		}
		server.create("b", nil)
		f.wantWritten("a/regcred b/regcred")
	})
}

// TestStop tests that Run and Apply return at any time.
func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a")
		f := newFixture(t, server, Options{})
		s := f.secret(secret.Rule{})
		server.setIntercept(writeNever)
		f.run(s)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := s.Apply(ctx, []refresh.Credential{freshCredential()}); err == nil {
			t.Error("Apply succeeded")
		}
		began := time.Now()
		f.stop()
		<-f.done
		if took := time.Since(began); took > 0 {
			t.Errorf("Run returned after %v", took)
		}
	})
}

// TestSlowFailures tests that namespaces in which each write hangs and fails, because of an admission webhook for
// example, do not prevent the others from getting a new password.
func TestSlowFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a", "b")
		for i := range 60 {
			server.create(fmt.Sprintf("slow-%d", i), nil)
		}
		server.setIntercept(func(w http.ResponseWriter, r *http.Request) bool {
			return strings.Contains(r.URL.Path, "/slow-") && writeNever(w, r)
		})
		f := newFixture(t, server, Options{})
		s := f.secret(secret.Rule{})
		f.run(s)
		apply := func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := s.Apply(ctx, []refresh.Credential{freshCredential()}); err != nil {
				t.Error(err)
			}
		}
		apply()
		time.Sleep(30 * time.Minute)
		before := server.count("/api/v1/namespaces/a/")
		apply()
		time.Sleep(time.Minute)
		if n := server.count("/api/v1/namespaces/a/"); n != before+1 {
			t.Errorf("got %d writes, want %d", n, before+1)
		}
	})
}

// TestLogOutage tests that an error of the API server is logged once, although all namespaces fail, and its end too.
func TestLogOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a", "b", "c")
		server.setIntercept(func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPatch {
				return false
			}
			fail(w, http.StatusInternalServerError, metav1.StatusReasonInternalError, "failed calling webhook")
			return true
		})
		f := newFixture(t, server, Options{})
		s := f.secret(secret.Rule{})
		f.run(s)
		f.apply(s)
		time.Sleep(time.Minute)
		server.setIntercept(nil)
		time.Sleep(time.Minute)
		f.wantWritten("a/regcred b/regcred c/regcred")
		for _, line := range []string{"cannot write the Secret", "Secret written after failures"} {
			if n := f.log.count(line); n != 1 {
				t.Errorf("%q was logged %d times, want once:\n%s", line, n, f.log.buf.String())
			}
		}
	})
}
