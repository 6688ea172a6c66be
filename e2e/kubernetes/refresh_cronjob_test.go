package kubernetes

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecrlogin/internal/awstest"
)

// renewSecret is the Secret that the published manifest of k8s-ecr-login-renew writes.
const renewSecret = "k8s-ecr-login-renew-docker-secret"

// refreshCronJob runs the program as the CronJob of k8s-ecr-login-renew after only its image was changed: no arguments, its
// variables, and its permissions.
// Source: deploy.yaml of nabsul/k8s-ecr-login-renew v1.7.1
func refreshCronJob(t *testing.T, r refreshRelease) {
	for _, name := range []string{"renew", "renew-a", "renew-b", "renew-skipped"} {
		createNamespace(t, r.controlPlane, name)
	}
	r.token = refreshAccount(t, r.controlPlane, "renew", []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"namespaces"}, Verbs: []string{"list"}},
		{APIGroups: []string{""}, Resources: []string{"secrets", "serviceaccounts", "serviceaccounts/token"}, Verbs: []string{"delete", "create", "patch", "get"}},
	}, true)
	aws := awstest.New(t)
	job := refreshRun{aws: aws, env: append(r.mountToken(t, "renew"),
		"AWS_REGION=us-west-2", "DOCKER_SECRET_NAME="+renewSecret, "TARGET_NAMESPACE=renew-?, renew-sk*", "EXCLUDE_NAMESPACE=*-skipped",
	)}
	run := func(code int) *refresher {
		t.Helper()
		p := r.begin(t, job)
		<-p.ended
		if got := p.cmd.ProcessState.ExitCode(); got != code {
			t.Errorf("exit code %d, want %d:\n%s", got, code, p.log.tail(20))
		}
		t.Log(p.log.tail(20))
		return p
	}
	// The Secret that the other tool wrote last.
	space := func(name string) secretSpace { return secretSpace{controlPlane: r.controlPlane, name: name} }
	before := r.createRenewed(t, "renew-a", aws.IssueToken("us-west-2", false))
	p := run(0)
	p.log.await(t, 0, "secret "+renewSecret+": up to date in 2 namespaces, 0 failed; expires ")
	for _, name := range []string{"renew-a", "renew-b"} {
		s := r.renewed(t, name)
		passwords, err := passwordsOf(s)
		if err != nil || len(passwords) != 1 {
			t.Fatalf("%d passwords, error %v", len(passwords), err)
		}
		if valid, err := accepts(t.Context(), aws, firstHost, passwords["https://"+firstHost]); err != nil || !valid {
			t.Errorf("%s: the registry rejects the password; error %v", name, err)
		}
		if name == "renew-a" && s.UID != before.UID {
			t.Error("the Secret was not replaced in place")
		}
	}
	if s := r.secretsIn(t, "renew-skipped"); len(s) > 0 {
		t.Errorf("%d Secrets in the excluded namespace", len(s))
	}

	// A namespace that fails does not prevent the others, and is named.
	immutable := true
	createNamespace(t, r.controlPlane, "renew-c")
	frozen := r.renewedSecret("frozen")
	frozen.Immutable = &immutable
	space("renew-c").create(t, frozen)
	old := r.renewed(t, "renew-b").ResourceVersion
	p = run(1)
	p.log.await(t, 0, "renew-c", "immutable")
	p.log.await(t, 0, "up to date in 2 namespaces, 1 failed")
	if r.renewed(t, "renew-b").ResourceVersion == old {
		t.Error("the other namespace was not written")
	}

	// AWS is unavailable, and the permission to list namespaces is missing.
	aws.Inject(awstest.Fault{Status: 503})
	run(1).log.await(t, 0, "503")
	aws.ClearFaults()
	if err := r.client.RbacV1().ClusterRoleBindings().Delete(t.Context(), "refresh-renew", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	p = run(1)
	p.log.await(t, 0, "list namespaces: ", "; grant the verb list on namespaces")
	if strings.Contains(p.log.tail(20), "panic") {
		t.Error("the program panics")
	}
}

// renewedSecret returns a Secret as k8s-ecr-login-renew writes it.
func (r refreshRelease) renewedSecret(password string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: renewSecret},
		Type:       corev1.SecretTypeDockerConfigJson,
		Data: map[string][]byte{corev1.DockerConfigJsonKey: []byte(`{"auths":{"https://` + firstHost +
			`":{"username":"AWS","password":"` + password + `","email":"awsregrenew@demo.test","auth":"QVdTOg=="}}}`)},
	}
}

func (r refreshRelease) createRenewed(t *testing.T, namespace, password string) *corev1.Secret {
	t.Helper()
	s, err := r.client.CoreV1().Secrets(namespace).Create(t.Context(), r.renewedSecret(password), metav1.CreateOptions{FieldManager: "k8s-ecr-login-renew"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (r refreshRelease) renewed(t *testing.T, namespace string) *corev1.Secret {
	t.Helper()
	s, err := r.client.CoreV1().Secrets(namespace).Get(t.Context(), renewSecret, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (r refreshRelease) secretsIn(t *testing.T, namespace string) []corev1.Secret {
	t.Helper()
	list, err := r.client.CoreV1().Secrets(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}
