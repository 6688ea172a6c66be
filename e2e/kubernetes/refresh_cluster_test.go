package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"ecrlogin/credentials"
	"ecrlogin/refresh"
	refreshed "ecrlogin/refresh/kubernetes"
	"ecrlogin/registry"
)

// TestRefreshCluster tests the watch, the queue and the lease of the Secrets with a real API server.
func TestRefreshCluster(t *testing.T) {
	dir, err := os.MkdirTemp("/run", "cluster-")
	if err != nil {
		t.Fatal(err)
	}
	p := startControlPlane(t, dir)
	t.Run("newNamespace", func(t *testing.T) { refreshNewNamespace(t, p) })
	t.Run("takeover", func(t *testing.T) { refreshTakeover(t, p) })
	t.Run("onceWithList", func(t *testing.T) { refreshOnce(t, p) })
	t.Run("namespacedRole", func(t *testing.T) { refreshNamespacedRole(t, p) })
	t.Run("thousand", func(t *testing.T) { refreshThousand(t, p) })
}

// refreshNewNamespace measures the time from the creation of a namespace to its Secret.
func refreshNewNamespace(t *testing.T, p controlPlane) {
	const prefix = "new-"
	_, s := refreshReplica(t, p.config(p.adminToken), refreshed.Options{}, refreshed.Rule{Namespaces: []string{prefix + "*"}})
	refreshApply(t, s)
	secrets, err := p.client.CoreV1().Secrets("").Watch(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=regcred"})
	if err != nil {
		t.Fatal(err)
	}
	defer secrets.Stop()
	var took []time.Duration
	for i := range 50 {
		began := time.Now()
		createNamespace(t, p, fmt.Sprint(prefix, i))
		for event := range secrets.ResultChan() {
			if o, ok := event.Object.(*corev1.Secret); ok && o.Namespace == fmt.Sprint(prefix, i) {
				break
			}
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	t.Logf("from a new namespace to its Secret: p50 %v, longest of %d %v", took[25].Round(time.Millisecond), len(took), took[49].Round(time.Millisecond))
	if took[49] > 200*time.Millisecond {
		t.Errorf("longest %v", took[49])
	}
}

// refreshTakeover measures how long another replica takes to lead after the leader stopped or crashed.
func refreshTakeover(t *testing.T, p controlPlane) {
	createNamespace(t, p, "lease")
	rule := refreshed.Rule{Namespaces: []string{"lease"}}
	var clusters []*refreshed.Cluster
	var stop []func(crash bool)
	add := func() {
		var dead atomic.Bool
		config := p.config(p.adminToken)
		config.Wrap(func(base http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				if dead.Load() {
					return nil, errors.New("crashed")
				}
				return base.RoundTrip(r)
			})
		})
		ctx, cancel := context.WithCancel(t.Context())
		lease := &refreshed.Lease{Namespace: "lease", Name: "refresh", Holder: fmt.Sprint("replica-", len(clusters))}
		c, s := refreshReplicaUntil(ctx, t, config, refreshed.Options{Lease: lease}, rule)
		refreshApply(t, s)
		clusters = append(clusters, c)
		stop = append(stop, func(crash bool) {
			dead.Store(crash)
			cancel()
		})
	}
	leader := func() int {
		return slices.IndexFunc(clusters, func(c *refreshed.Cluster) bool { return c.Status().Leading })
	}
	add()
	for i := 0; leader() != 0; i++ {
		time.Sleep(10 * time.Millisecond)
	}
	for i := range 6 {
		crash := i%2 == 1
		add()
		limit := 2 * time.Second
		if crash {
			limit = 12 * time.Second
		}
		time.Sleep(2 * time.Second) // until the follower knows the lease
		began := time.Now()
		stop[i](crash)
		for leader() != i+1 {
			time.Sleep(5 * time.Millisecond)
			if time.Since(began) > 30*time.Second {
				t.Fatalf("no takeover: %+v", clusters[i+1].Status())
			}
		}
		took := time.Since(began)
		t.Logf("takeover, crash %v: %v", crash, took.Round(10*time.Millisecond))
		if took > limit {
			t.Errorf("takeover after %v, want at most %v", took, limit)
		}
	}
}

// refreshOnce tests that a list of the namespaces and a patch of the Secrets is enough for a job that runs once.
func refreshOnce(t *testing.T, p controlPlane) {
	createNamespace(t, p, "once-a")
	createNamespace(t, p, "once-b")
	createNamespace(t, p, "once-job")
	rules := []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"namespaces"}, Verbs: []string{"list"}},
		{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"create", "patch"}},
	}
	config := p.config(refreshAccount(t, p, "once-job", rules, true))
	rule := refreshed.Rule{Namespaces: []string{"once-?"}}
	_, s := refreshReplica(t, config, refreshed.Options{Once: true}, rule)
	refreshApply(t, s)
	if r := s.Report(); r.Current != 2 || len(r.Failing) != 0 {
		t.Errorf("got %+v", r)
	}

	config = p.config(refreshAccount(t, p, "once-b", rules[1:], true))
	_, s = refreshReplica(t, config, refreshed.Options{Once: true}, rule)
	err := s.Apply(t.Context(), refreshCredentials(time.Now()))
	if err == nil || !strings.HasPrefix(err.Error(), "list namespaces: ") || !strings.Contains(err.Error(), "grant the verb list on namespaces") {
		t.Errorf("got %v", err)
	}
	t.Log(err)
}

// refreshNamespacedRole tests that a rule with names of namespaces needs no cluster role, and that it reports the
// namespace without permission.
func refreshNamespacedRole(t *testing.T, p controlPlane) {
	createNamespace(t, p, "role-a")
	createNamespace(t, p, "role-b")
	token := refreshAccount(t, p, "role-a", []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"create", "patch"}},
	}, false)
	c, s := refreshReplica(t, p.config(token), refreshed.Options{}, refreshed.Rule{Namespaces: []string{"role-a", "role-b"}})
	refreshApply(t, s)
	r := s.Report()
	if r.Current != 1 || len(r.Failing) != 1 || r.Failing[0].Place != "namespace role-b" {
		t.Fatalf("got %+v", r)
	}
	t.Log(r.Failing[0].Error)
	if err := c.Ready(); err != nil {
		t.Error(err)
	}
}

// refreshThousand measures 1,000 namespaces and 5 registries from the start of the program.
func refreshThousand(t *testing.T, p controlPlane) {
	const n = 1000
	for i := range n {
		createNamespace(t, p, fmt.Sprintf("many-%d", i))
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	_, s := refreshReplica(t, p.config(p.adminToken), refreshed.Options{}, refreshed.Rule{Namespaces: []string{"many-*"}})
	refreshApply(t, s)
	took := time.Since(began)
	r := s.Report()
	if r.Current != n || len(r.Failing) > 0 {
		t.Fatalf("%d current, %d failing, first %+v", r.Current, len(r.Failing), r.Failing[:min(1, len(r.Failing))])
	}
	again := time.Now()
	refreshApply(t, s)
	unchanged := time.Since(again)
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d namespaces: %v, unchanged %v, heap +%d KiB", n, took.Round(time.Millisecond), unchanged.Round(time.Millisecond),
		(int64(after.HeapAlloc)-int64(before.HeapAlloc))>>10)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// refreshReplica starts a Cluster with the Secret of a rule, until the end of the test.
func refreshReplica(t *testing.T, config *rest.Config, o refreshed.Options, r refreshed.Rule) (*refreshed.Cluster, *refreshed.Secret) {
	t.Helper()
	return refreshReplicaUntil(t.Context(), t, config, o, r)
}

func refreshReplicaUntil(ctx context.Context, t *testing.T, config *rest.Config, o refreshed.Options, r refreshed.Rule) (*refreshed.Cluster, *refreshed.Secret) {
	t.Helper()
	o.Config = config
	c, err := refreshed.NewCluster(o)
	if err != nil {
		t.Fatal(err)
	}
	r.Name = "regcred"
	for _, credential := range refreshCredentials(time.Now()) {
		r.Logins = append(r.Logins, credential.Login)
	}
	r.Form, _ = refreshed.Preset("dockerconfigjson")
	s, err := c.Secret(r)
	if err != nil {
		t.Fatal(err)
	}
	if o.Once {
		return c, s
	}
	c.Use([]*refreshed.Secret{s})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.Run(ctx)
	}()
	t.Cleanup(func() { <-ended })
	return c, s
}

func refreshApply(t *testing.T, s *refreshed.Secret) {
	t.Helper()
	if err := s.Apply(t.Context(), refreshCredentials(time.Now())); err != nil {
		t.Fatal(err)
	}
}

// refreshCredentials returns the passwords of five registries. They are as long as those of Amazon ECR.
func refreshCredentials(now time.Time) []refresh.Credential {
	var all []refresh.Credential
	for i := range 5 {
		all = append(all, refresh.Credential{
			Login: refresh.Login{Registry: registry.Registry{Host: fmt.Sprintf("12345678901%d.dkr.ecr.us-west-2.amazonaws.com", i)}},
			Token: credentials.Token{Username: "AWS", Password: strings.Repeat("p", 2000), Issued: now, Expiry: now.Add(12 * time.Hour)},
		})
	}
	return all
}

func createNamespace(t *testing.T, p controlPlane, name string) {
	t.Helper()
	_, err := p.client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
}

// refreshAccount creates a service account with a role in its namespace or in the whole cluster, and returns its token.
func refreshAccount(t *testing.T, p controlPlane, namespace string, rules []rbacv1.PolicyRule, wholeCluster bool) (token string) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	meta := metav1.ObjectMeta{Name: "refresh-" + namespace}
	_, err := p.client.CoreV1().ServiceAccounts(namespace).Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: meta}, metav1.CreateOptions{})
	check(err)
	subjects := []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: namespace, Name: meta.Name}}
	ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: meta.Name}
	if wholeCluster {
		ref.Kind = "ClusterRole"
		_, err = p.client.RbacV1().ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{})
		check(err)
		_, err = p.client.RbacV1().ClusterRoleBindings().Create(t.Context(),
			&rbacv1.ClusterRoleBinding{ObjectMeta: meta, Subjects: subjects, RoleRef: ref}, metav1.CreateOptions{})
	} else {
		_, err = p.client.RbacV1().Roles(namespace).Create(t.Context(), &rbacv1.Role{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{})
		check(err)
		_, err = p.client.RbacV1().RoleBindings(namespace).Create(t.Context(),
			&rbacv1.RoleBinding{ObjectMeta: meta, Subjects: subjects, RoleRef: ref}, metav1.CreateOptions{})
	}
	check(err)
	request, err := p.client.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), meta.Name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	check(err)
	return request.Status.Token
}
