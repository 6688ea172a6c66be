package kubernetes

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"ecrlogin/refresh/kubernetes/secret"
)

// account creates a service account with image pull secrets.
func (s secretSpace) account(t *testing.T, name string, secrets ...string) {
	t.Helper()
	a := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for _, secret := range secrets {
		a.ImagePullSecrets = append(a.ImagePullSecrets, corev1.LocalObjectReference{Name: secret})
	}
	if _, err := s.client.CoreV1().ServiceAccounts(s.name).Create(t.Context(), a, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// mustPullWith fails the test if a service account has other image pull secrets. It returns the resourceVersion.
func (s secretSpace) mustPullWith(t *testing.T, name string, secrets ...string) (version string) {
	t.Helper()
	a, err := s.client.CoreV1().ServiceAccounts(s.name).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range a.ImagePullSecrets {
		got = append(got, r.Name)
	}
	if !slices.Equal(got, secrets) {
		t.Errorf("service account %s has the image pull secrets %q, want %q", name, got, secrets)
	}
	return a.ResourceVersion
}

// secretAccounts adds the Secret to service accounts once. An account that does not exist yet is not a failure.
func secretAccounts(t *testing.T, s secretSpace) {
	s.rule.ServiceAccounts = []string{"default", "builder", "ready"}
	s.account(t, "builder", "other")
	s.account(t, "ready", secretName, "other")
	secret := s.start(t)
	s.mustApply(t, secret, "one")
	s.account(t, "default")
	s.mustApply(t, secret, "one")
	first := s.mustPullWith(t, "default", secretName) + s.mustPullWith(t, "builder", "other", secretName) + s.mustPullWith(t, "ready", secretName, "other")
	s.mustApply(t, secret, "two")
	again := s.mustPullWith(t, "default", secretName) + s.mustPullWith(t, "builder", "other", secretName) + s.mustPullWith(t, "ready", secretName, "other")
	if first != again {
		t.Errorf("versions %s, then %s", first, again)
	}
}

// secretAccountsConcurrent has another program add image pull secrets at the same time. None is lost.
func secretAccountsConcurrent(t *testing.T, s secretSpace) {
	s.rule.ServiceAccounts = []string{"default"}
	s.account(t, "default")
	var mu sync.Mutex
	var others []string
	secret := s.start(t, before("PATCH", "/serviceaccounts/", func() {
		mu.Lock()
		defer mu.Unlock()
		if len(others) == 3 {
			return
		}
		others = append(others, fmt.Sprintf("other-%d", len(others)))
		add := fmt.Sprintf(`[{"op":"add","path":"/imagePullSecrets/-","value":{"name":%q}}]`, others[len(others)-1])
		if len(others) == 1 {
			add = fmt.Sprintf(`[{"op":"add","path":"/imagePullSecrets","value":[{"name":%q}]}]`, others[0])
		}
		_, err := s.client.CoreV1().ServiceAccounts(s.name).Patch(t.Context(), "default", types.JSONPatchType, []byte(add), metav1.PatchOptions{})
		if err != nil {
			t.Error(err)
		}
	}))
	s.mustApply(t, secret, "one")
	s.mustPullWith(t, "default", "other-0", "other-1", "other-2", secretName)
}

// secretAccountsDenied removes each permission on service accounts. The Secret is written all the same.
func secretAccountsDenied(t *testing.T, s secretSpace) {
	s.rule.ServiceAccounts = []string{"default"}
	s.account(t, "default")
	for verb, granted := range map[string]string{"get": "patch", "patch": "get"} {
		user := "may-" + granted
		s.allow(t, user, "secrets", secretName, "create", "patch")
		s.allow(t, user, "serviceaccounts", "default", granted)
		s.mustBe(t, s.apply(t, s.start(t, as(user)), granted), `service account NAMESPACE/default: user "`+user+`" has no permission to `+verb+
			" serviceaccounts in namespace NAMESPACE; grant it with a Role and a RoleBinding in that namespace, or a ClusterRole and a ClusterRoleBinding")
		s.mustContain(t, granted)
	}
}

// secretPresets writes each preset. The API server accepts the types and their keys.
func secretPresets(t *testing.T, s secretSpace) {
	for _, name := range secret.Presets() {
		s.rule.Form, _ = secret.Preset(name)
		if err := s.rule.Form.Check(1); err != nil {
			t.Fatal(err)
		}
		s.mustBe(t, s.apply(t, s.start(t), "one"), "")
		got := s.get(t)
		if string(got.Type) != s.rule.Form.Type || len(got.Data) != len(s.rule.Form.Data) {
			t.Errorf("preset %s: type %s, %d keys", name, got.Type, len(got.Data))
		}
		if name == "argocd-repo-creds" {
			for key, want := range map[string]string{"url": secretHost, "type": "helm", "enableOCI": "true", "username": "AWS", "password": "password one"} {
				if string(got.Data[key]) != want {
					t.Errorf("%s is %q, want %q", key, got.Data[key], want)
				}
			}
			if got.Labels["argocd.argoproj.io/secret-type"] != "repo-creds" {
				t.Errorf("labels %v", got.Labels)
			}
		}
		s.delete(t)
	}
}
