package kubernetes

import (
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecrlogin/internal/awstest"
)

// The annotations for the role of a service account.
const (
	pullRoleAnnotation = "eks.amazonaws.com/ecr-role-arn"
	roleAnnotation     = "eks.amazonaws.com/role-arn"
)

// The roles of service accounts.
const (
	appRole   = "arn:aws:iam::444455556666:role/app"
	batchRole = "arn:aws:iam::444455556666:role/batch"
)

// audience is the audience of the tokens of service accounts.
const audience = "sts.amazonaws.com"

// podRole runs pods of two service accounts. Each assumes its own role with its token, and pulls with its own password,
// not with that of the other or of the node.
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
		t.Fatalf("AWS received\n%q, want\n%q", got, want)
	}
	if keys[1] == keys[3] || !strings.HasPrefix(keys[1], "ASIA") || !strings.HasPrefix(keys[3], "ASIA") {
		t.Errorf("the token requests have the keys %s and %s, want keys of two roles", keys[1], keys[3])
	}
}

// podRoleDenied runs a pod of a service account that the trust policy of its role does not allow, after a pod of
// another service account has pulled the same image. The kubelet's log contains the required conditions of the policy.
func podRoleDenied(t *testing.T, c *cluster) {
	image := publish(t, c.aws, podsHost, "app")
	ns := c.newNamespace(t)
	ns.allowAudience(t)
	ns.serviceAccount(t, "app", map[string]string{pullRoleAnnotation: appRole})
	ns.serviceAccount(t, "batch", map[string]string{pullRoleAnnotation: appRole})
	c.aws.AllowRoleForSubject(appRole, ns.subject("app"), audience)
	ns.podOf(t, "app", "app", image)
	ns.awaitRunning(t, "app")
	start := c.node.log.length()
	ns.podOf(t, "batch", "batch", image)
	ns.mustFailToPull(t, "batch")
	c.node.log.await(t, start, "Failed to provide credentials for image", podsHost+": access denied: ", ns.name+"/batch is not authorized to assume "+appRole, "(sub)", ns.subject("batch"), "(aud)", audience, issuer)
}

// podRoleMissing runs pods of a service account without a role. If the annotation is optional, they pull with the
// node's identity. If it is required, the kubelet does not run the helper and pulls without a password. It logs this
// only at a high verbosity.
func podRoleMissing(t *testing.T, c *cluster) {
	optional, required := publish(t, c.aws, podsHost, "app"), publish(t, c.aws, strictHost, "app")
	ns := c.newNamespace(t)
	ns.allowAudience(t)
	c.aws.ResetCalls()
	ns.pod(t, "optional", optional)
	ns.awaitRunning(t, "optional")
	if n := c.aws.CountKey(awstest.GetAuthorizationToken, awstest.KeyID); n != 1 || len(c.aws.Calls()) != 1 {
		t.Errorf("AWS received %d token requests with the node's key, and %d requests in total, want 1", n, len(c.aws.Calls()))
	}
	start := c.node.log.length()
	ns.pod(t, "required", required)
	ns.mustFailToPull(t, "required")
	c.node.log.await(t, start, "Failed to get service account data", "required annotation "+pullRoleAnnotation+" not found", ns.name+"/default")
	if n := len(c.aws.Calls()); n != 1 {
		t.Errorf("AWS received %d requests, want 1", n)
	}
}

// audienceDenied runs a pod in a namespace for whose service accounts the node may not request tokens.
func audienceDenied(t *testing.T, c *cluster) {
	image := publish(t, c.aws, podsHost, "app")
	ns := c.newNamespace(t)
	c.aws.ResetCalls()
	start := c.node.log.length()
	ns.pod(t, "app", image)
	ns.mustFailToPull(t, "app")
	c.node.log.await(t, start, "Failed to provide credentials for image", "is not authorized to request tokens for this audience", podsHost, ns.name+"/default")
	if calls := c.aws.Calls(); len(calls) > 0 {
		t.Errorf("AWS received %v, want no requests", calls)
	}
}

// subject returns the subject in the tokens of a service account.
func (ns namespace) subject(account string) string {
	return "system:serviceaccount:" + ns.name + ":" + account
}

// allowAudience allows nodes to request tokens with the audience for AWS, for the service accounts of the namespace.
// The audience is in the field Resources.
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
