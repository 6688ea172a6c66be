package deploy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
)

// TestPermissions compares the permissions with those that the configuration requires.
func TestPermissions(t *testing.T) {
	cluster := "ClusterRole ecr-token-refresh:ecr-token-refresh"
	lease := []string{
		"Role ecr-token-refresh/ecr-token-refresh-lease: create leases",
		"Role ecr-token-refresh/ecr-token-refresh-lease: get,update leases [ecr-token-refresh]",
	}
	const named = "      namespaces: [\"team-*\"]\n"
	for name, test := range map[string]struct {
		edit *strings.Replacer
		want []string
	}{
		"default": {strings.NewReplacer(), append([]string{
			cluster + ": list,watch namespaces",
			cluster + ": create,patch secrets [regcred]",
		}, lease...)},
		"CronJob": {strings.NewReplacer("image:", "kind: CronJob\nimage:"), []string{
			cluster + ": list namespaces",
			cluster + ": create,patch secrets [regcred]",
		}},
		"prune": {strings.NewReplacer(named, named+"      prune: true\n"), append([]string{
			cluster + ": list,watch namespaces",
			cluster + ": create,patch secrets [regcred]",
			cluster + ": delete secrets [regcred]",
		}, lease...)},
		"serviceAccounts": {strings.NewReplacer(named, named+"      serviceAccounts: [default, builder]\n"), append([]string{
			cluster + ": list,watch namespaces",
			cluster + ": create,patch secrets [regcred]",
			cluster + ": get,patch serviceaccounts [builder default]",
		}, lease...)},
		"no lease": {strings.NewReplacer("kubernetes:\n", "kubernetes:\n    lease: {disabled: true}\n"), []string{
			cluster + ": list,watch namespaces",
			cluster + ": create,patch secrets [regcred]",
		}},
		"another lease": {strings.NewReplacer("kubernetes:\n", "kubernetes:\n    lease: {name: x, namespace: ops}\n"), []string{
			cluster + ": list,watch namespaces",
			cluster + ": create,patch secrets [regcred]",
			"Role ops/ecr-token-refresh-lease: create leases",
			"Role ops/ecr-token-refresh-lease: get,update leases [x]",
		}},
		"namespaced": {strings.NewReplacer("image:", "rbac: {scope: namespaced}\nimage:", named, "      namespaces: [a, b]\n"+
			"      registries: [123456789012.dkr.ecr.us-west-2.amazonaws.com]\n    - name: other\n      namespaces: [b]\n"), append([]string{
			"Role a/ecr-token-refresh: create,patch secrets [regcred]",
			"Role b/ecr-token-refresh: create,patch secrets [other regcred]",
		}, lease...)},
		"none": {strings.NewReplacer("image:", "rbac: {create: false}\nimage:"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			objects := objectsOf(t, writeValues(t, test.edit.Replace(base)))
			if got := permissions(t, objects); !slices.Equal(got, test.want) {
				t.Errorf("permissions:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
			checkBindings(t, objects)
		})
	}
}

// permissions describes the rules of all roles.
func permissions(t *testing.T, all objects) (lines []string) {
	t.Helper()
	for _, o := range append(all.of("ClusterRole"), all.of("Role")...) {
		var role rbacv1.ClusterRole // has the fields of a Role
		convert(t, o, &role)
		name := o.GetKind() + " " + strings.TrimPrefix(o.GetNamespace()+"/"+o.GetName(), "/")
		for _, r := range role.Rules {
			line := fmt.Sprintf("%s: %s %s %v", name, strings.Join(r.Verbs, ","), strings.Join(r.Resources, ","), r.ResourceNames)
			lines = append(lines, strings.TrimSuffix(line, " []"))
		}
	}
	return lines
}

// checkBindings checks that each role is bound to the service account of the pods.
func checkBindings(t *testing.T, all objects) {
	t.Helper()
	for _, kind := range []string{"ClusterRole", "Role"} {
		bound := map[string]bool{}
		for _, o := range all.of(kind + "Binding") {
			var b rbacv1.ClusterRoleBinding // has the fields of a RoleBinding
			convert(t, o, &b)
			subject := rbacv1.Subject{Kind: "ServiceAccount", Name: all.pod(t).Spec.ServiceAccountName, Namespace: "ecr-token-refresh"}
			if !slices.Equal(b.Subjects, []rbacv1.Subject{subject}) {
				t.Errorf("%s %s is bound to %v, want %v", kind, b.RoleRef.Name, b.Subjects, subject)
			}
			bound[o.GetNamespace()+"/"+b.RoleRef.Name] = true
		}
		for _, o := range all.of(kind) {
			if !bound[o.GetNamespace()+"/"+o.GetName()] {
				t.Errorf("%s %s/%s has no binding", kind, o.GetNamespace(), o.GetName())
			}
		}
	}
}
