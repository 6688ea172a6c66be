package kubernetes

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"ecrlogin/credentials"
	"ecrlogin/refresh"
	"ecrlogin/refresh/kubernetes/secret"
	"ecrlogin/registry"
)

// A fixture is a Cluster with a fakeServer. It is for tests in a synctest bubble.
type fixture struct {
	t       *testing.T
	server  *fakeServer
	cluster *Cluster
	log     *logText
	stop    context.CancelFunc
	done    chan struct{} // closed after Run
}

func newFixture(t *testing.T, server *fakeServer, o Options) *fixture {
	t.Helper()
	f := &fixture{t: t, server: server, log: new(logText), stop: func() {}, done: make(chan struct{})}
	if o.Config == nil {
		o.Config = &rest.Config{Host: "http://cluster", Transport: server}
	}
	o.Log = slog.New(slog.NewTextHandler(f.log, nil))
	var err error
	if f.cluster, err = NewCluster(o); err != nil {
		t.Fatal(err)
	}
	return f
}

// run calls Run in the background.
func (f *fixture) run(secrets ...*Secret) {
	f.cluster.Use(secrets)
	ctx, cancel := context.WithCancel(f.t.Context())
	f.stop = cancel
	go func() {
		defer close(f.done)
		f.cluster.Run(ctx)
	}()
	f.t.Cleanup(func() {
		cancel()
		<-f.done
	})
}

// secret returns the Secret of a rule. It writes with one request for each namespace.
func (f *fixture) secret(r secret.Rule) *Secret {
	f.t.Helper()
	if r.Name == "" {
		r.Name = "regcred"
	}
	r.Logins = []refresh.Login{freshCredential().Login}
	r.Form, _ = secret.Preset("dockerconfigjson")
	s, err := f.cluster.Secret(r)
	if err != nil {
		f.t.Fatal(err)
	}
	s.writer = &fakeWriter{f.cluster, r.Name}
	return s
}

// apply calls Apply and checks its result.
func (f *fixture) apply(s *Secret) {
	f.t.Helper()
	if err := s.Apply(f.t.Context(), []refresh.Credential{freshCredential()}); err != nil {
		f.t.Errorf("Apply: %v", err)
	}
}

// wantWritten checks which Secrets exist after all goroutines wait.
func (f *fixture) wantWritten(want string) {
	f.t.Helper()
	synctest.Wait()
	if got := f.server.written(); got != want {
		f.t.Errorf("got Secrets %q, want %q", got, want)
	}
}

func wantReport(t *testing.T, s *Secret, want string) {
	t.Helper()
	if got := fmt.Sprintf("%+v", s.Report()); got != want {
		t.Errorf("got report %s\nwant %s", got, want)
	}
}

func freshCredential() refresh.Credential {
	now := time.Now()
	return refresh.Credential{
		Login: refresh.Login{Registry: registry.Registry{Host: "123456789012.dkr.ecr.us-west-2.amazonaws.com"}},
		Token: credentials.Token{Username: "AWS", Password: "c2VjcmV0", Issued: now, Expiry: now.Add(12 * time.Hour)},
	}
}

// A fakeWriter sends one request for each write.
type fakeWriter struct {
	cluster *Cluster
	name    string
}

var secretResource = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}

func (w *fakeWriter) write(ctx context.Context, namespace string, _ *content) error {
	_, err := w.cluster.clients.metadata.Resource(secretResource).Namespace(namespace).
		Patch(ctx, w.name, types.ApplyPatchType, []byte("{}"), metav1.PatchOptions{})
	return err
}

func (w *fakeWriter) remove(ctx context.Context, namespace string, _ func() bool) error {
	return w.cluster.clients.metadata.Resource(secretResource).Namespace(namespace).
		Delete(ctx, w.name, metav1.DeleteOptions{})
}

func (w *fakeWriter) plan(_ context.Context, namespace string) (Change, error) {
	return Change{Namespace: namespace, Action: "create"}, nil
}

func (w *fakeWriter) planRemove(_ context.Context, namespace string) (Change, error) {
	return Change{Namespace: namespace, Action: "delete"}, nil
}

func (w *fakeWriter) forget(string) {}

// logText is a log for tests.
type logText struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logText) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), text)
}

// denyPath makes requests for a path fail with a status.
func denyPath(path string, code int, reason metav1.StatusReason, message string, header ...string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != path {
			return false
		}
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		fail(w, code, reason, message)
		return true
	}
}

// setIntercept changes what the server does.
func (f *fakeServer) setIntercept(intercept func(http.ResponseWriter, *http.Request) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.intercept = intercept
}

func TestNamespaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("team-a", "kube-system", "other", "team-x")
		server.put("team-old", nil, true, false)
		server.create("labeled", map[string]string{"ecr-login": "enabled"})
		f := newFixture(t, server, Options{})
		globs := f.secret(secret.Rule{Name: "globs", Namespaces: []string{"team-?", "team-old", "team-long-*"}, Exclude: []string{"*-x"}})
		labels := f.secret(secret.Rule{Name: "labels", Selector: "ecr-login=enabled"})
		f.run(globs, labels)
		f.apply(globs)
		f.apply(labels)
		f.wantWritten("labeled/labels team-a/globs")
		wantReport(t, globs, "{Current:1 Pending:0 Failing:[] Standby:false}")

		server.create("team-long-name", nil)
		server.put("other", map[string]string{"ecr-login": "enabled"}, false, false)
		f.wantWritten("labeled/labels other/labels team-a/globs team-long-name/globs")

		server.put("labeled", nil, false, false) // no prune: it stays
		server.delete("team-long-name")
		f.wantWritten("labeled/labels other/labels team-a/globs")
		wantReport(t, globs, "{Current:1 Pending:0 Failing:[] Standby:false}")
		wantReport(t, labels, "{Current:1 Pending:0 Failing:[] Standby:false}")

		server.delete("team-a")
		server.create("team-a", nil)
		f.wantWritten("labeled/labels other/labels team-a/globs")
		if writes := server.count("PATCH"); writes != 5 {
			t.Errorf("got %d writes, want 5", writes)
		}
	})
}

// TestLiteral tests that names need no permission for namespaces.
func TestLiteral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a", "b", "c")
		f := newFixture(t, server, Options{})
		s := f.secret(secret.Rule{Namespaces: []string{"a", "b", "missing"}, Exclude: []string{"b"}})
		f.run(s)
		f.apply(s)
		f.wantWritten("a/regcred")
		if server.count("/api/v1/namespaces ") != 0 || server.count("WATCH") != 0 {
			t.Error("namespaces were listed or watched")
		}
		wantReport(t, s, `{Current:1 Pending:0 Failing:[{Place:namespace missing Error:namespaces "missing" not found}] Standby:false}`)
		if err := f.cluster.Ready(); err != nil {
			t.Error(err)
		}
		server.create("missing", nil)
		time.Sleep(2 * time.Second)
		f.wantWritten("a/regcred missing/regcred")
	})
}

func TestPrune(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a", "b")
		server.put("l", map[string]string{"x": "y"}, false, false)
		server.secrets["b/regcred"] = 1 // of a former rule
		f := newFixture(t, server, Options{})
		s := f.secret(secret.Rule{Selector: "x=y", Prune: true})
		f.run(s)
		f.apply(s)
		f.wantWritten("l/regcred")
		server.put("l", nil, false, false)
		f.wantWritten("")
		wantReport(t, s, "{Current:0 Pending:0 Failing:[] Standby:false}")
	})
}

// TestPruneNames tests a rule that selects namespaces by name, with and without permission to list namespaces.
func TestPruneNames(t *testing.T) {
	for _, once := range []bool{false, true} {
		for _, denied := range []bool{false, true} {
			t.Run(fmt.Sprintf("once=%v denied=%v", once, denied), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := newFakeServer("a", "b")
					server.secrets["b/regcred"] = 1 // of a former rule
					want := "a/regcred"
					if denied {
						server.setIntercept(denyPath("/api/v1/namespaces", http.StatusForbidden, metav1.StatusReasonForbidden, "denied"))
						want = "a/regcred b/regcred"
					}
					f := newFixture(t, server, Options{Once: once})
					s := f.secret(secret.Rule{Namespaces: []string{"a"}, Prune: true})
					if !once {
						f.run(s)
					}
					err := s.Apply(t.Context(), []refresh.Credential{freshCredential()})
					if (err != nil) != denied {
						t.Errorf("Apply: %v", err)
					}
					f.wantWritten(want)
				})
			})
		}
	}
}

// TestPruneOtherRule tests that a rule does not delete the Secrets of another rule with the same name.
func TestPruneOtherRule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("dev-a", "team-a", "old")
		server.secrets["old/regcred"] = 1 // of a former rule
		f := newFixture(t, server, Options{})
		teams := f.secret(secret.Rule{Namespaces: []string{"team-*"}, Prune: true})
		devs := f.secret(secret.Rule{Namespaces: []string{"dev-*"}, Prune: true})
		f.run(teams, devs)
		f.apply(teams)
		f.apply(devs)
		f.apply(teams)
		f.wantWritten("dev-a/regcred team-a/regcred")
		server.create("dev-b", nil)
		f.wantWritten("dev-a/regcred dev-b/regcred team-a/regcred")
	})
}

// TestUse tests that a rule that is no longer in use is not written.
func TestUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a")
		f := newFixture(t, server, Options{})
		before := f.secret(secret.Rule{Name: "before"})
		f.run(before)
		f.apply(before)
		after := f.secret(secret.Rule{Name: "after"})
		f.cluster.Use([]*Secret{after})
		server.create("b", nil)
		f.apply(after)
		f.wantWritten("a/after a/before b/after")
	})
}

// TestUseDuringWrite tests that a write that is in progress does not end after Use, when it would replace what a new rule
// has written.
func TestUseDuringWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer("a")
		f := newFixture(t, server, Options{})
		before := f.secret(secret.Rule{Name: "before"})
		hold := make(chan struct{})
		server.setIntercept(func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPatch {
				return false
			}
			select {
			case <-hold:
				return false
			case <-r.Context().Done():
				return true
			}
		})
		f.run(before)
		go func() { _ = before.Apply(t.Context(), []refresh.Credential{freshCredential()}) }()
		synctest.Wait()
		f.cluster.Use(nil)
		close(hold)
		f.wantWritten("")
	})
}

func TestNames(t *testing.T) {
	f := newFixture(t, newFakeServer(), Options{Once: true})
	secrets := []*Secret{
		f.secret(secret.Rule{Name: "a"}),
		f.secret(secret.Rule{Name: "b", Namespaces: []string{"x", "y-*"}, Exclude: []string{"y-1"}}),
		f.secret(secret.Rule{Name: "b", Selector: "x in (y)"}),
	}
	f.cluster.Use(secrets)
	for i, want := range []string{"a", "b in x,y-* without y-1", "b in * with x in (y)"} {
		if got := secrets[i].Name(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
