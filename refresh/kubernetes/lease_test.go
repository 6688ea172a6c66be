package kubernetes

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecrlogin/refresh/kubernetes/secret"
)

// replica returns a replica that takes part in the leader election, and applies a rule for all namespaces.
func replica(t *testing.T, server *fakeServer, name string) (*fixture, *Secret) {
	t.Helper()
	f := newFixture(t, server, Options{Lease: &Lease{Namespace: "system", Name: "lease", Holder: name}})
	s := f.secret(secret.Rule{})
	f.run(s)
	synctest.Wait()
	f.apply(s)
	return f, s
}

func TestLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a")
		first, s1 := replica(t, server, "first")
		second, s2 := replica(t, server, "second")
		f := first
		f.wantWritten("a/regcred")
		wantReport(t, s1, "{Current:1 Pending:0 Failing:[] Standby:false}")
		wantReport(t, s2, "{Current:0 Pending:0 Failing:[] Standby:true}")
		for _, f := range []*fixture{first, second} {
			got := f.cluster.Status()
			if got.Holder != "first" || got.Leading != (f == first) || !got.Synced {
				t.Errorf("got %+v", got)
			}
			if err := f.cluster.Ready(); err != nil {
				t.Error(err)
			}
		}
		if writes := server.count("PATCH"); writes != 1 {
			t.Errorf("got %d writes, want 1", writes)
		}

		began := time.Now()
		first.stop()
		<-first.done
		if took := time.Since(began); took > releaseLimit {
			t.Errorf("Run returned after %v", took)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		wantReport(t, s2, "{Current:1 Pending:0 Failing:[] Standby:false}")
		if writes := server.count("PATCH"); writes != 2 {
			t.Errorf("got %d writes, want 2", writes)
		}
	})
}

// TestCrash tests how long a takeover takes if the leader does not release the lease.
func TestCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a")
		first, _ := replica(t, server, "first")
		second, s2 := replica(t, server, "second")
		time.Sleep(5 * time.Second)
		server.mu.Lock() // the release fails then
		server.lease.Spec.HolderIdentity = new("crashed")
		server.mu.Unlock()
		first.stop()
		time.Sleep(12 * time.Second)
		synctest.Wait()
		wantReport(t, s2, "{Current:1 Pending:0 Failing:[] Standby:false}")
		if got := second.cluster.Status(); got.Holder != "second" {
			t.Errorf("got %+v", got)
		}
	})
}

// TestHungRelease tests that an API server that does not answer delays the end by at most releaseLimit.
func TestHungRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a")
		f, _ := replica(t, server, "first")
		server.setIntercept(writeNever)
		began := time.Now()
		f.stop()
		<-f.done
		if took := time.Since(began); took > releaseLimit {
			t.Errorf("Run returned after %v", took)
		}
		time.Sleep(time.Minute) // until the request ends
	})
}

// TestLeaseLost tests that a leader that cannot renew its lease stops before another replica can lead, and that it
// leads again later.
func TestLeaseLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a")
		f, s := replica(t, server, "first")
		server.setIntercept(writeNever)
		time.Sleep(renewDeadline + retryPeriod)
		synctest.Wait()
		if got := f.cluster.Status(); got.Leading {
			t.Errorf("got %+v", got)
		}
		wantReport(t, s, "{Current:0 Pending:0 Failing:[] Standby:true}")
		time.Sleep(time.Minute)
		if got := f.cluster.Status(); !strings.Contains(got.Error, "API server is unavailable") {
			t.Errorf("got %+v", got)
		}
		writes := server.count("PATCH")
		server.delete("a")
		server.create("b", nil)
		server.setIntercept(nil)
		time.Sleep(time.Minute)
		f.wantWritten("b/regcred")
		if got := f.cluster.Status(); !got.Leading || got.Error != "" {
			t.Errorf("got %+v", got)
		}
		if n := server.count("PATCH"); n != writes+1 {
			t.Errorf("got %d writes, want %d", n, writes+1)
		}
	})
}

func TestForbiddenLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a")
		server.setIntercept(func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/leases") {
				return false
			}
			fail(w, http.StatusForbidden, metav1.StatusReasonForbidden, `leases "lease" is forbidden`)
			return true
		})
		f, s := replica(t, server, "first")
		time.Sleep(time.Minute)
		wantReport(t, s, "{Current:0 Pending:0 Failing:[] Standby:true}")
		want := `get leases in namespace system: leases "lease" is forbidden; grant the verb get on leases in namespace system with RBAC`
		if got := f.cluster.Status(); got.Error != want {
			t.Errorf("got %+v", got)
		}
		if n := f.log.count("cannot get the lease"); n != 1 {
			t.Errorf("logged %d times, want once", n)
		}
	})
}

// TestLeaseUpdateForbidden tests that a missing permission is logged once, although other requests for the lease
// succeed.
func TestLeaseUpdateForbidden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a")
		f, _ := replica(t, server, "first")
		server.setIntercept(func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPut {
				return false
			}
			fail(w, http.StatusForbidden, metav1.StatusReasonForbidden, `leases "lease" is forbidden`)
			return true
		})
		time.Sleep(time.Minute)
		want := `update leases in namespace system: leases "lease" is forbidden; grant the verb update on leases in namespace system with RBAC`
		if got := f.cluster.Status(); got.Error != want || got.Leading {
			t.Errorf("got %+v", got)
		}
		if n := f.log.count("cannot update the lease"); n != 1 {
			t.Errorf("logged %d times, want once", n)
		}
	})
}

// TestLateCallback tests that the callback of a term that has ended, which package leaderelection calls in another
// goroutine, does not end the next term.
func TestLateCallback(t *testing.T) {
	f := newFixture(t, newFakeServer(), Options{})
	ended, end := context.WithCancel(t.Context())
	end()
	f.cluster.lead(t.Context())
	f.cluster.lead(ended)
	if f.cluster.leadership() == nil {
		t.Error("the replica does not lead")
	}
}
