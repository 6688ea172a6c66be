package kubernetes

import (
	"context"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	refreshed "ecrlogin/refresh/kubernetes"
)

// secretPermissions writes a Secret with two verbs on one name, and removes each of the verbs.
func secretPermissions(t *testing.T, s secretSpace) {
	for _, tt := range []struct {
		verbs  []string
		create string // the failure without a Secret
		update string // the failure with one
	}{
		{[]string{"patch", "create"}, "", ""},
		{[]string{"patch"}, "create", ""},
		{[]string{"create"}, "patch", "patch"},
	} {
		user := strings.Join(tt.verbs, "-and-")
		s.allow(t, user, "secrets", secretName, tt.verbs...)
		denied := func(verb string) string {
			if verb == "" {
				return ""
			}
			return `Secret NAMESPACE/regcred: user "` + user + `" has no permission to ` + verb + " secrets in namespace NAMESPACE; " +
				"grant it with a Role and a RoleBinding in that namespace, or a ClusterRole and a ClusterRoleBinding"
		}
		s.mustBe(t, s.apply(t, s.start(t, as(user)), "one"), denied(tt.create))
		s.mustApply(t, s.start(t), "one")
		s.mustBe(t, s.apply(t, s.start(t, as(user)), "two"), denied(tt.update))
		s.delete(t)
		changes, err := s.start(t, as(user)).Plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if reason := changes[0].Reason; tt.create != "" {
			s.mustBe(t, reason, denied(tt.create))
		}
	}
}

// allow grants a user verbs on a resource in the namespace, and waits until the API server knows that.
func (s secretSpace) allow(t *testing.T, user, resource, name string, verbs ...string) {
	t.Helper()
	meta := metav1.ObjectMeta{GenerateName: "test-"}
	rule := rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{resource}, Verbs: verbs}
	if name != "" {
		rule.ResourceNames = []string{name}
	}
	role, err := s.client.RbacV1().Roles(s.name).Create(t.Context(), &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{rule}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	}
	if _, err := s.client.RbacV1().RoleBindings(s.name).Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	s.poll(t, func(ctx context.Context) (bool, error) {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User: user,
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Namespace: s.name, Resource: resource, Name: name, Verb: verbs[len(verbs)-1],
			},
		}}
		review, err := s.client.AuthorizationV1().SubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		return err == nil && review.Status.Allowed, err
	})
}

// poll waits for a state of the API server that cannot be watched.
func (s secretSpace) poll(t *testing.T, done wait.ConditionWithContextFunc) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, 20*time.Second, true, done); err != nil {
		t.Fatal(err)
	}
}

// secretRejected finds an admission policy that rejects the Secret and repeats its data in the message.
func secretRejected(t *testing.T, s secretSpace) {
	meta := metav1.ObjectMeta{Name: s.name}
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: s.name}}
	policy := &admissionv1.ValidatingAdmissionPolicy{ObjectMeta: meta, Spec: admissionv1.ValidatingAdmissionPolicySpec{
		MatchConstraints: &admissionv1.MatchResources{
			NamespaceSelector: selector,
			ResourceRules: []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
				Operations: []admissionv1.OperationType{admissionv1.Create},
				Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"secrets"}},
			}}},
		},
		Validations: []admissionv1.Validation{{
			Expression:        "false",
			MessageExpression: "'no Secrets here: ' + string(object.data['" + corev1.DockerConfigJsonKey + "'])",
		}},
	}}
	admission := s.client.AdmissionregistrationV1()
	if _, err := admission.ValidatingAdmissionPolicies().Create(t.Context(), policy, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{ObjectMeta: meta, Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
		PolicyName: meta.Name, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
	}}
	if _, err := admission.ValidatingAdmissionPolicyBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	s.poll(t, func(ctx context.Context) (bool, error) {
		_, err := s.client.CoreV1().Secrets(s.name).Create(ctx, foreignSecret(), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err != nil, nil
	})
	failure := s.apply(t, s.start(t), "one")
	t.Log(failure)
	if !strings.HasPrefix(failure, "Secret "+s.name+"/regcred: ") || !strings.Contains(failure, "no Secrets here: (password)") || strings.Contains(failure, "auths") {
		t.Errorf("got %s", failure)
	}
	s.mustBeAbsent(t)
}

// secretTerminating writes to a namespace that is being deleted, which is not a failure.
func secretTerminating(t *testing.T, s secretSpace) {
	if err := s.client.CoreV1().Namespaces().Delete(t.Context(), s.name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	s.mustBe(t, s.apply(t, s.start(t), "one"), "")
	s.mustBeAbsent(t)
	changes, err := s.start(t).Plan(t.Context())
	if err != nil || len(changes) != 1 || changes[0] != (refreshed.Change{Namespace: s.name, Action: "skip", Reason: "the namespace is being deleted"}) {
		t.Errorf("got %+v, %v", changes, err)
	}
}

func secretMissingNamespace(t *testing.T, s secretSpace) {
	s.name += "-missing"
	s.rule.Namespaces = []string{s.name}
	s.mustBe(t, s.apply(t, s.start(t), "one"), "namespace NAMESPACE: not found; create it, or remove it from the rule for regcred")
}

// secretPlan plans each action. A plan changes nothing.
func secretPlan(t *testing.T, s secretSpace) {
	plan := func(want refreshed.Change) {
		t.Helper()
		want.Namespace = s.name
		changes, err := s.start(t).Plan(t.Context())
		if err != nil || len(changes) != 1 {
			t.Fatalf("got %+v, %v", changes, err)
		}
		want.Reason = strings.ReplaceAll(want.Reason, "NAMESPACE", s.name)
		if changes[0] != want {
			t.Errorf("got %+v, want %+v", changes[0], want)
		}
	}
	plan(refreshed.Change{Action: "create", Reason: "does not exist"})
	s.mustBeAbsent(t)
	ours := s.mustApply(t, s.start(t), "one")
	plan(refreshed.Change{Action: "update", Reason: "managed by this program, expires " + ours.Annotations[refreshed.AnnotationExpiry]})
	s.mustBeUntouched(t, ours)
	s.delete(t)
	foreign := s.create(t, foreignSecret())
	plan(refreshed.Change{Action: "fail", Reason: managedByKubectl})
	s.rule.Adopt = true
	plan(refreshed.Change{Action: "take over", Reason: `managed by "kubectl-create", and the rule has adopt: true`})
	s.mustBeUntouched(t, foreign)
}

// pruned returns the rule that selects no namespace by a pattern, so that it deletes its Secrets in all namespaces.
func (s secretSpace) pruned() secretSpace {
	s.rule.Prune = true
	s.rule.Namespaces = []string{"no-such-namespace-*"}
	return s
}

// secretPrune deletes the Secret of this program, and no other one.
func secretPrune(t *testing.T, s secretSpace) {
	s.mustApply(t, s.start(t), "one")
	s.mustBe(t, s.pruned().apply(t, s.pruned().start(t), "one"), "")
	s.mustBeAbsent(t)
	labeled := foreignSecret()
	labeled.Labels = map[string]string{"app.kubernetes.io/managed-by": "ecr-token-refresh"}
	foreign := s.create(t, labeled)
	s.mustBe(t, s.pruned().apply(t, s.pruned().start(t), "one"), "")
	s.mustBeUntouched(t, foreign)
}

// secretPruneChanged changes the Secret between look-up and deletion. It is not deleted then.
func secretPruneChanged(t *testing.T, s secretSpace) {
	s.mustApply(t, s.start(t), "one")
	p := s.pruned()
	secret := p.start(t, before("DELETE", "/namespaces/"+s.name+"/", func() { s.edit(t, `{"data":{".dockerconfigjson":"e30="}}`) }))
	s.mustBe(t, p.apply(t, secret, "one"), `Secret NAMESPACE/regcred: not deleted, because "kubectl-edit" has changed its data; `+
		"delete it if it is not needed: kubectl delete secret regcred --namespace NAMESPACE")
	if _, err := s.client.CoreV1().Secrets(s.name).Get(t.Context(), secretName, metav1.GetOptions{}); err != nil {
		t.Error(err)
	}
	s.delete(t)
}

// secretPruneDenied prunes without permission to delete. The Secret stays, and the failure is reported.
func secretPruneDenied(t *testing.T, s secretSpace) {
	s.mustApply(t, s.start(t), "one")
	s.allowCluster(t, "pruner")
	p := s.pruned()
	s.mustBe(t, p.apply(t, p.start(t, as("pruner")), "one"), `Secret NAMESPACE/regcred: user "pruner" has no permission to delete secrets in `+
		"namespace NAMESPACE; grant it with a Role and a RoleBinding in that namespace, or a ClusterRole and a ClusterRoleBinding")
	s.mustContain(t, "one")
	s.delete(t)
}

// allowCluster allows a user to list namespaces and to patch Secrets.
func (s secretSpace) allowCluster(t *testing.T, user string) {
	t.Helper()
	meta := metav1.ObjectMeta{Name: user}
	role := &rbacv1.ClusterRole{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"namespaces"}, Verbs: []string{"list"}},
		{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"patch"}},
	}}
	if _, err := s.client.RbacV1().ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: meta.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	}
	if _, err := s.client.RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	config := s.config(s.adminToken)
	as(user)(config)
	limited, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	s.poll(t, func(ctx context.Context) (bool, error) {
		_, err := limited.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
		return !apierrors.IsForbidden(err), nil
	})
}
