package kubernetes

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecrlogin/internal/awstest"
)

// refreshDenied runs the configuration and the roles of deploy/kubernetes/namespaced.yaml, without the RoleBinding in
// one namespace. The others are written, among them the Secret for Argo CD. Only the one without permission is
// reported.
func refreshDenied(t *testing.T, r refreshRelease) {
	r = installRefresh(t, r.controlPlane, "namespaced.yaml", "namespaced")
	bindings := r.client.RbacV1().RoleBindings("team-b")
	binding, err := bindings.Get(t.Context(), refreshProgram, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := bindings.Delete(t.Context(), refreshProgram, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	aws := awstest.New(t)
	p := r.start(t, refreshRun{aws: aws, config: r.config, env: []string{"POD_NAMESPACE=namespaced"}})
	s := p.awaitStatus(t, "one namespace fails", func(s refreshStatus) bool {
		return len(s.Targets) == 2 && len(s.Targets[0].Places.Failing) == 1 && s.Targets[0].Places.Current == 1 &&
			s.Targets[1].Places.Current == 1
	})
	failure := s.Targets[0].Places.Failing[0]
	t.Log(failure)
	const denied = `has no permission to patch secrets in namespace team-b; grant it with a Role and a RoleBinding`
	if failure.Place != "namespace team-b" || !strings.Contains(failure.Error, denied) || s.Targets[0].State != "failing" ||
		!s.Healthy || !s.Ready || !s.Alive {
		t.Errorf("got %+v", s)
	}
	p.log.await(t, 0, `"level":"WARN"`, `"namespace":"team-b"`, denied)
	p.mustServe(t, "/metrics", 200, `ecr_token_refresh_targets{kind="secret",name="regcred",state="failing"} 1`,
		`code="403",verb="patch"`)
	mustBeValid(t, aws, r.awaitSecret(t, p.log, "team-a", anySecret), firstHost)
	r.mustBeReadByArgoCD(t, aws)

	binding.ResourceVersion = ""
	if _, err := bindings.Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	granted := time.Now()
	mustBeValid(t, aws, r.awaitSecret(t, p.log, "team-b", anySecret), firstHost)
	t.Logf("permission granted: written after %v", rounded(time.Since(granted)))
}

// mustBeReadByArgoCD checks what Argo CD reads of the Secret.
// Source: secretToRepoCred and listSecretsByType in util/db/repository_secrets.go of argoproj/argo-cd, and
// LabelKeySecretType in common/common.go
func (r refreshRelease) mustBeReadByArgoCD(t *testing.T, aws *awstest.Server) {
	t.Helper()
	list, err := r.client.CoreV1().Secrets("argocd").
		List(t.Context(), metav1.ListOptions{LabelSelector: "argocd.argoproj.io/secret-type=repo-creds"})
	if err != nil || len(list.Items) != 1 {
		t.Fatalf("%d Secrets with the label, want 1; error %v", len(list.Items), err)
	}
	data := map[string]string{}
	for key, value := range list.Items[0].Data {
		data[key] = string(value)
	}
	password := data["password"]
	delete(data, "password")
	want := map[string]string{"url": firstHost, "type": "helm", "enableOCI": "true", "username": "AWS"}
	if !maps.Equal(data, want) {
		t.Errorf("got %q, want %q and a password", data, want)
	}
	if valid, err := accepts(t.Context(), aws, firstHost, password); err != nil || !valid {
		t.Errorf("the registry rejects the password; error %v", err)
	}
}

// refreshDeleted deletes and edits a Secret by hand. It is restored within the interval.
func refreshDeleted(t *testing.T, r refreshRelease) {
	const interval = 2 * time.Second
	aws := awstest.New(t)
	createNamespace(t, r.controlPlane, "deleted")
	p := r.start(t, refreshRun{aws: aws, config: refreshConfig(interval.String(), "deleted", firstHost)})
	r.awaitSecret(t, p.log, "deleted", anySecret)
	var took []time.Duration
	for range 5 {
		r.deleteSecret(t, "deleted")
		began := time.Now()
		mustBeValid(t, aws, r.awaitSecret(t, p.log, "deleted", anySecret), firstHost)
		took = append(took, time.Since(began))
	}
	s := secretSpace{controlPlane: r.controlPlane, name: "deleted"}
	s.edit(t, `{"data":{".dockerconfigjson":"e30="}}`)
	began := time.Now()
	r.awaitSecret(t, p.log, "deleted", func(s *corev1.Secret) bool {
		return string(s.Data[corev1.DockerConfigJsonKey]) != "{}"
	})
	edited := time.Since(began)
	t.Logf("interval %v: deleted Secret restored after %v; edited one after %v", interval, rounded(took...), rounded(edited))
	if slices.Max(append(took, edited)) > interval+time.Second {
		t.Error("not restored within the interval")
	}
	p.log.await(t, 0, "another program changed a Secret; restored", `"namespace":"deleted"`, `"deleted":true`)
	if calls := aws.Count(awstest.GetAuthorizationToken); calls != 1 {
		t.Errorf("AWS received %d token requests, want 1", calls)
	}
}

// refreshForeign runs the program in a namespace with a Secret of kubectl's, without adopt, and then with it.
func refreshForeign(t *testing.T, r refreshRelease) {
	aws := awstest.New(t)
	createNamespace(t, r.controlPlane, "foreign")
	s := secretSpace{controlPlane: r.controlPlane, name: "foreign"}
	before := s.create(t, foreignSecret())
	config := refreshConfig("1s", "foreign", secretHost)
	p := r.start(t, refreshRun{aws: aws, config: config})
	want := strings.ReplaceAll(managedByKubectl, "NAMESPACE", "foreign")
	status := p.awaitStatus(t, "not written", func(s refreshStatus) bool {
		return len(s.Targets[0].Places.Failing) == 1 && s.Targets[0].Places.Failing[0].Error == want
	})
	if status.Healthy || !status.Ready {
		t.Errorf("got %+v", status)
	}
	p.mustServe(t, "/health", 503, "nothing could be written (1); namespace foreign: Secret foreign/regcred: managed by ")
	p.log.await(t, 0, `"level":"WARN"`, `"namespace":"foreign"`, "set adopt: true")
	p.terminate(t)
	s.mustBeUntouched(t, before)

	config = strings.Replace(config, "- name: regcred\n", "- name: regcred\n    adopt: true\n", 1)
	p = r.start(t, refreshRun{aws: aws, config: config})
	p.awaitStatus(t, "written", current(1))
	after := s.get(t)
	mustBeValid(t, aws, after, secretHost)
	if after.UID != before.UID {
		t.Error("the Secret was not replaced in place")
	}
}
