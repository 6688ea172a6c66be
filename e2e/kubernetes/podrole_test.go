package kubernetes

import (
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecrlogin/internal/awstest"
)

// The annotations of a service account that name its role.
const (
	pullRoleAnnotation = "eks.amazonaws.com/ecr-role-arn"
	roleAnnotation     = "eks.amazonaws.com/role-arn"
)

// The roles that service accounts assume.
const (
	appRole   = "arn:aws:iam::444455556666:role/app"
	batchRole = "arn:aws:iam::444455556666:role/batch"
)

// audience is whom the tokens of service accounts are for.
const audience = "sts.amazonaws.com"

// podRole runs pods of two service accounts, each with a role of its own that it assumes by its token. Neither pulls with what
// the other was given, nor with the node's identity.
func podRole(t *testing.T, c *cluster) {
	image := publish(t, c.aws, podsHost, "app")
	ns := c.newNamespace(t)
	ns.allowAudience(t)
	ns.serviceAccount(t, "app", map[string]string{pullRoleAnnotation: appRole, roleAnnotation: "arn:aws:iam::444455556666:role/other"})
	ns.serviceAccount(t, "batch", map[string]string{roleAnnotation: batchRole})
	c.aws.AllowRoleForSubject(appRole, ns.subject("app"), audience)
	c.aws.AllowRoleForSubject(batchRole, ns.subject("batch"), audience)
	c.aws.ResetCalls()
	for _, name := range []string{"app", "batch"} {
		ns.podOf(t, name, name, image)
		ns.awaitRunning(t, name)
	}
	var got, keys []string
	for _, call := range c.aws.Calls() {
		got = append(got, strings.TrimSpace(string(call.Op)+" "+call.Host+" "+call.Form.Get("RoleArn")+" "+call.Form.Get("RoleSessionName")))
		keys = append(keys, call.KeyID)
	}
	want := []string{
		"AssumeRoleWithWebIdentity sts.eu-west-1.amazonaws.com " + appRole + " ecr-login@" + ns.name + ".app",
		"GetAuthorizationToken api.ecr.eu-west-1.amazonaws.com",
		"AssumeRoleWithWebIdentity sts.eu-west-1.amazonaws.com " + batchRole + " ecr-login@" + ns.name + ".batch",
		"GetAuthorizationToken api.ecr.eu-west-1.amazonaws.com",
	}
	if !slices.Equal(got, want) {
		t.Fatalf("AWS was called\n%q, want\n%q", got, want)
	}
	if keys[1] == keys[3] || !strings.HasPrefix(keys[1], "ASIA") || !strings.HasPrefix(keys[3], "ASIA") {
		t.Errorf("AWS was asked for passwords with the keys %s and %s, want those of two roles", keys[1], keys[3])
	}
}

// podRoleDenied has a pod of a service account that its role's trust policy does not name, when another's has just pulled
// the same image. Kubelet's log tells what the policy would have to say.
func podRoleDenied(t *testing.T, c *cluster) {
	image := publish(t, c.aws, podsHost, "app")
	ns := c.newNamespace(t)
	ns.allowAudience(t)
	ns.serviceAccount(t, "app", map[string]string{pullRoleAnnotation: appRole})
	ns.serviceAccount(t, "batch", map[string]string{pullRoleAnnotation: appRole})
	c.aws.AllowRoleForSubject(appRole, ns.subject("app"), audience)
	ns.podOf(t, "app", "app", image)
	ns.awaitRunning(t, "app")
	said := c.node.log.said()
	ns.podOf(t, "batch", "batch", image)
	ns.mustBeRefused(t, "batch")
	c.node.log.await(t, said, "Failed to provide credentials for image", podsHost+": access denied: ", ns.name+"/batch is not authorized to assume "+appRole, "(sub)", ns.subject("batch"), "(aud)", audience, issuer)
}

// podRoleMissing has pods of a service account without a role. Where the annotation is optional they pull as the node. Where it
// is required they pull as nobody, the helper is not asked, and kubelet says so at a verbosity that few nodes have.
func podRoleMissing(t *testing.T, c *cluster) {
	optional, required := publish(t, c.aws, podsHost, "app"), publish(t, c.aws, strictHost, "app")
	ns := c.newNamespace(t)
	ns.allowAudience(t)
	c.aws.ResetCalls()
	ns.pod(t, "optional", optional)
	ns.awaitRunning(t, "optional")
	if n := c.aws.CountKey(awstest.GetAuthorizationToken, awstest.KeyID); n != 1 || len(c.aws.Calls()) != 1 {
		t.Errorf("AWS was asked %d times with the node's key, and %d times in all, want once", n, len(c.aws.Calls()))
	}
	said := c.node.log.said()
	ns.pod(t, "required", required)
	ns.mustBeRefused(t, "required")
	c.node.log.await(t, said, "Failed to get service account data", "required annotation "+pullRoleAnnotation+" not found", ns.name+"/default")
	if n := len(c.aws.Calls()); n != 1 {
		t.Errorf("AWS was called %d times, want once", n)
	}
}

// audienceDenied has a pod in a namespace whose tokens the node may not ask for.
func audienceDenied(t *testing.T, c *cluster) {
	image := publish(t, c.aws, podsHost, "app")
	ns := c.newNamespace(t)
	c.aws.ResetCalls()
	said := c.node.log.said()
	ns.pod(t, "app", image)
	ns.mustBeRefused(t, "app")
	c.node.log.await(t, said, "Failed to provide credentials for image", "is not authorized to request tokens for this audience", podsHost, ns.name+"/default")
	if calls := c.aws.Calls(); len(calls) > 0 {
		t.Errorf("AWS was called: %v", calls)
	}
}

// subject is how the tokens of a service account name it.
func (ns namespace) subject(account string) string {
	return "system:serviceaccount:" + ns.name + ":" + account
}

// allowAudience lets nodes ask for tokens for AWS, of the namespace's service accounts. The audience stands where resources
// stand elsewhere.
func (ns namespace) allowAudience(t *testing.T) {
	t.Helper()
	meta := metav1.ObjectMeta{Name: "ecr-audience"}
	rbac := ns.client.RbacV1()
	role := &rbacv1.Role{
		ObjectMeta: meta,
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{audience}, Verbs: []string{"request-serviceaccounts-token-audience"}}},
	}
	if _, err := rbac.Roles(ns.name).Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: meta.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: "system:nodes"}},
	}
	if _, err := rbac.RoleBindings(ns.name).Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}
