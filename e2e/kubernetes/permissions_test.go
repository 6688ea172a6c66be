package kubernetes

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"ecrlogin/internal/awstest"
)

// release is the name and the namespace of the chart's release.
const release = "ecr-token-refresh"

// permissionValues are values of the chart with all permissions.
const permissionValues = `
image: {repository: registry.example.com/ecr-token-refresh}
identity: {type: node}
config:
  interval: 30m
  kubernetes:
    lease: {namespace: ecr-token-refresh}
    secrets:
    - name: regcred
      selector: pull=yes
      prune: true
      serviceAccounts: [default]
      registries: [123456789012.dkr.ecr.us-west-2.amazonaws.com]
`

// TestPermissions runs ecr-token-refresh with the permissions that the chart grants, and without each one of them.
func TestPermissions(t *testing.T) {
	dir := runDir(t)
	aws, err := awstest.Start(awstest.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(aws.Close)
	plane := startControlPlane(t, dir)
	newApplier(t, plane).applyChart(t, permissionValues, unedited)
	p := newPermitted(t, plane, aws, dir)
	for _, test := range []struct{ resource, verb, want string }{
		{"namespaces", "list", "list namespaces"},
		{"secrets", "create", "no permission to create secrets in namespace new-"},
		{"secrets", "patch", "no permission to patch secrets in namespace new-"},
		{"secrets", "delete", "no permission to delete secrets in namespace old-"},
		{"serviceaccounts", "get", "no permission to get serviceaccounts in namespace new-"},
		{"serviceaccounts", "patch", "no permission to patch serviceaccounts in namespace new-"},
	} {
		t.Run("once without "+test.verb+" "+test.resource, func(t *testing.T) { p.once(t, test.resource, test.verb, test.want) })
	}
	t.Run("once without watch", func(t *testing.T) { // as the CronJob of the chart
		p.restrict(t, "namespaces", "watch")
		if out, err := p.run(t); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	for _, test := range []struct{ resource, verb, want string }{
		{"namespaces", "watch", "cannot watch"},
		{"leases", "create", "cannot create"},
		{"leases", "get", "cannot get"},
		{"leases", "update", "cannot update"},
	} {
		t.Run("without "+test.verb+" "+test.resource, func(t *testing.T) { p.daemon(t, test.resource, test.verb, test.want) })
	}
}

// A permitted runs the program with the service account of the chart.
type permitted struct {
	client      kubernetes.Interface // with all permissions
	program     string
	args, env   []string
	clusterRole *rbacv1.ClusterRole
	leaseRole   *rbacv1.Role
	runs        int
}

func newPermitted(t *testing.T, plane controlPlane, aws *awstest.Server, dir string) *permitted {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	p := &permitted{client: plane.client, program: lookPath(t, "ecr-token-refresh")}
	config, err := p.client.CoreV1().ConfigMaps(release).Get(t.Context(), release, metav1.GetOptions{})
	check(err)
	token, err := p.client.CoreV1().ServiceAccounts(release).CreateToken(t.Context(), release, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	check(err)
	p.clusterRole, err = p.client.RbacV1().ClusterRoles().Get(t.Context(), release+":"+release, metav1.GetOptions{})
	check(err)
	p.leaseRole, err = p.client.RbacV1().Roles(release).Get(t.Context(), release+"-lease", metav1.GetOptions{})
	check(err)
	plane.nodeToken = token.Status.Token
	p.args = []string{
		"--config=" + writeFile(t, filepath.Join(dir, "refresh", "config.yaml"), config.Data["config.yaml"]),
		"--kubeconfig=" + plane.kubeconfig(t, filepath.Join(dir, "refresh")),
	}
	p.env = []string{
		"AWS_ACCESS_KEY_ID=" + awstest.KeyID, "AWS_SECRET_ACCESS_KEY=" + awstest.SecretKey, "AWS_CA_BUNDLE=" + aws.CAFile, "HTTPS_PROXY=" + aws.Proxy,
	}
	return p
}

// once writes Secrets with all permissions, then without one. In between, a namespace appears and another one no longer
// matches.
func (p *permitted) once(t *testing.T, resource, verb, want string) {
	p.runs++
	p.restrict(t, "", "")
	before, after := fmt.Sprint("old-", p.runs), fmt.Sprint("new-", p.runs)
	p.createNamespace(t, before)
	if out, err := p.run(t); err != nil {
		t.Fatalf("with all permissions: %v\n%s", err, out)
	}
	account, err := p.client.CoreV1().ServiceAccounts(before).Get(t.Context(), "default", metav1.GetOptions{})
	if err != nil || !slices.Contains(account.ImagePullSecrets, corev1.LocalObjectReference{Name: "regcred"}) {
		t.Errorf("imagePullSecrets of the service account: %v, %v; want regcred", account.ImagePullSecrets, err)
	}
	patchLabels(t, p.client, before, map[string]string{"pull": "no"})
	p.createNamespace(t, after)
	p.restrict(t, resource, verb)
	out, err := p.run(t)
	if err == nil || !strings.Contains(out, want) {
		t.Errorf("without the permission to %s %s: %v, want an error with %q\n%s", verb, resource, err, want, out)
	}
	p.restrict(t, "", "")
	if out, err := p.run(t); err != nil {
		t.Fatalf("with all permissions again: %v\n%s", err, out)
	}
	if _, err := p.client.CoreV1().Secrets(before).Get(t.Context(), "regcred", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("Secret in a namespace that no longer matches: %v, want none", err)
	}
}

// daemon runs the program without one permission until it reports that.
func (p *permitted) daemon(t *testing.T, resource, verb, want string) {
	p.restrict(t, resource, verb)
	err := p.client.CoordinationV1().Leases(release).Delete(t.Context(), release, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	log := newTranscript()
	process := start(t, log, p.env, p.program, append(p.args, "--listen=127.0.0.1:0")...)
	t.Cleanup(process.stop)
	log.await(t, 0, want, resource)
}

// run runs the program once.
func (p *permitted) run(t *testing.T) (output string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), p.program, append(p.args, "--once")...)
	cmd.Env = p.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (p *permitted) createNamespace(t *testing.T, name string) {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"pull": "yes"}}}
	if _, err := p.client.CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	createAccount(t, p.client, name, "default")
}

// restrict removes a verb of a resource from the roles of the chart, and waits until that is in effect. Without a verb,
// the roles are those of the chart.
func (p *permitted) restrict(t *testing.T, resource, verb string) {
	t.Helper()
	cluster, lease := p.clusterRole.DeepCopy(), p.leaseRole.DeepCopy()
	cluster.ResourceVersion, lease.ResourceVersion = "", ""
	cluster.Rules, lease.Rules = without(cluster.Rules, resource, verb), without(lease.Rules, resource, verb)
	_, err := p.client.RbacV1().ClusterRoles().Update(t.Context(), cluster, metav1.UpdateOptions{})
	_, leaseErr := p.client.RbacV1().Roles(release).Update(t.Context(), lease, metav1.UpdateOptions{})
	if err := errors.Join(err, leaseErr); err != nil {
		t.Fatal(err)
	}
	for _, r := range append(p.clusterRole.Rules, p.leaseRole.Rules...) {
		for _, v := range r.Verbs {
			p.awaitReview(t, r, v, r.Resources[0] != resource || v != verb)
		}
	}
}

// awaitReview polls until the service account may do something or not.
func (p *permitted) awaitReview(t *testing.T, r rbacv1.PolicyRule, verb string, want bool) {
	t.Helper()
	attributes := &authorizationv1.ResourceAttributes{Verb: verb, Group: r.APIGroups[0], Resource: r.Resources[0]}
	if r.Resources[0] != "namespaces" {
		attributes.Namespace = release
	}
	if len(r.ResourceNames) > 0 {
		attributes.Name = r.ResourceNames[0]
	}
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: "system:serviceaccount:" + release + ":" + release, ResourceAttributes: attributes,
	}}
	deadline := time.After(conditionTimeout)
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for {
		result, err := p.client.AuthorizationV1().SubjectAccessReviews().Create(t.Context(), review, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if result.Status.Allowed == want {
			return
		}
		select {
		case <-poll.C:
		case <-deadline:
			t.Fatalf("%s %s is allowed: %t, want %t", verb, r.Resources[0], !want, want)
		}
	}
}

// without returns rules without a verb of a resource.
func without(rules []rbacv1.PolicyRule, resource, verb string) (rest []rbacv1.PolicyRule) {
	for _, r := range rules {
		if slices.Contains(r.Resources, resource) {
			r.Verbs = slices.DeleteFunc(slices.Clone(r.Verbs), func(v string) bool { return v == verb })
		}
		if len(r.Verbs) > 0 {
			rest = append(rest, r)
		}
	}
	return rest
}
