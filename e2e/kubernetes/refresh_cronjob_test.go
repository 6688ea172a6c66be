package kubernetes

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecrlogin/internal/awstest"
)

// renewSecret is the Secret that the published manifest of k8s-ecr-login-renew writes.
const renewSecret = "k8s-ecr-login-renew-docker-secret"

// renewAccount is the name of the service account, the role and the binding in the test.
const renewAccount = "k8s-ecr-login-renew"

// A cronJob is the program as a CronJob of k8s-ecr-login-renew starts it after only its image was changed.
type cronJob struct {
	refreshRelease
	refreshRun
}

// refreshCronJob runs the program without arguments, with the variables and permissions of k8s-ecr-login-renew.
func refreshCronJob(t *testing.T, r refreshRelease) {
	for _, name := range []string{"renew", "renew-a", "renew-b", "renew-skipped"} {
		createNamespace(t, r.controlPlane, name)
	}
	r.token = r.createRenewAccount(t)
	job := cronJob{r, refreshRun{aws: awstest.New(t), env: append(r.mountToken(t, "renew"), "AWS_REGION=us-west-2",
		"DOCKER_SECRET_NAME="+renewSecret, "TARGET_NAMESPACE=renew-?, renew-sk*", "EXCLUDE_NAMESPACE=*-skipped")}}
	job.writesAll(t)
	job.namesFailingNamespace(t)

	job.aws.Inject(awstest.Fault{Status: 503})
	job.run(t, 1).log.await(t, 0, "default registry in us-west-2: ", "it returned status 503")
	job.aws.ClearFaults()
	bindings := r.client.RbacV1().ClusterRoleBindings()
	if err := bindings.Delete(t.Context(), renewAccount, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	job.run(t, 1).log.await(t, 0, "list namespaces: ", "; grant the verb list on namespaces")
}

// run runs the program until it exits with a code.
func (j cronJob) run(t *testing.T, code int) *refresher {
	t.Helper()
	p := j.begin(t, j.refreshRun)
	<-p.ended
	output := p.log.tail(20)
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d", got, code)
	}
	t.Log(output)
	return p
}

// writesAll checks that a Secret is created, and that the one that the other tool wrote is taken over in place.
func (j cronJob) writesAll(t *testing.T) {
	t.Helper()
	before := j.createRenewed(t, "renew-a", j.aws.IssueToken("us-west-2", false))
	j.run(t, 0).log.await(t, 0, "secret "+renewSecret+": up to date in 2 namespaces, 0 failed; expires ")
	for _, name := range []string{"renew-a", "renew-b"} {
		s := j.renewed(t, name)
		passwords, err := passwordsOf(s)
		if err != nil || len(passwords) != 1 {
			t.Fatalf("%d passwords, error %v", len(passwords), err)
		}
		valid, err := accepts(t.Context(), j.aws, firstHost, passwords["https://"+firstHost])
		if err != nil || !valid {
			t.Errorf("%s: the registry rejects the password; error %v", name, err)
		}
		if name == "renew-a" && s.UID != before.UID {
			t.Error("the Secret was not replaced in place")
		}
	}
	skipped, err := j.client.CoreV1().Secrets("renew-skipped").List(t.Context(), metav1.ListOptions{})
	if err != nil || len(skipped.Items) > 0 {
		t.Errorf("%d Secrets in the excluded namespace, error %v", len(skipped.Items), err)
	}
}

// namesFailingNamespace checks that a namespace that fails is named, and that the others are written.
func (j cronJob) namesFailingNamespace(t *testing.T) {
	t.Helper()
	createNamespace(t, j.controlPlane, "renew-c")
	frozen := renewedSecret("frozen")
	frozen.Immutable = new(true)
	secretSpace{controlPlane: j.controlPlane, name: "renew-c"}.create(t, frozen)
	before := j.renewed(t, "renew-b")
	p := j.run(t, 1)
	p.log.await(t, 0, "namespace renew-c: Secret renew-c/"+renewSecret+": immutable; ")
	p.log.await(t, 0, "up to date in 2 namespaces, 1 failed")
	if j.renewed(t, "renew-b").ResourceVersion == before.ResourceVersion {
		t.Error("the other namespace was not written")
	}
}

// createRenewAccount creates a service account with the permissions of k8s-ecr-login-renew, and returns its token.
// Source: deploy.yaml of nabsul/k8s-ecr-login-renew v1.7.1
func (r refreshRelease) createRenewAccount(t *testing.T) (token string) {
	t.Helper()
	meta := metav1.ObjectMeta{Name: renewAccount}
	_, err := r.client.CoreV1().ServiceAccounts("renew").
		Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: meta}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	role := &rbacv1.ClusterRole{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"namespaces"}, Verbs: []string{"list"}},
		{
			APIGroups: []string{""}, Resources: []string{"secrets", "serviceaccounts", "serviceaccounts/token"},
			Verbs: []string{"delete", "create", "patch", "get"},
		},
	}}
	if _, err := r.client.RbacV1().ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: meta.Name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: "renew", Name: meta.Name}},
	}
	if _, err := r.client.RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return r.tokenOf(t, "renew", meta.Name)
}

// renewedSecret returns a Secret as k8s-ecr-login-renew writes it.
func renewedSecret(password string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: renewSecret},
		Type:       corev1.SecretTypeDockerConfigJson,
		Data: map[string][]byte{corev1.DockerConfigJsonKey: []byte(`{"auths":{"https://` + firstHost +
			`":{"username":"AWS","password":"` + password + `","email":"awsregrenew@demo.test","auth":"QVdTOg=="}}}`)},
	}
}

func (r refreshRelease) createRenewed(t *testing.T, namespace, password string) *corev1.Secret {
	t.Helper()
	s, err := r.client.CoreV1().Secrets(namespace).Create(t.Context(), renewedSecret(password),
		metav1.CreateOptions{FieldManager: "k8s-ecr-login-renew"})
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
