package kubernetes

import (
	"bytes"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecrlogin/refresh"
	refreshed "ecrlogin/refresh/kubernetes"
	"ecrlogin/refresh/kubernetes/secret"
)

const managedByKubectl = `Secret NAMESPACE/regcred: managed by "kubectl-create"; set adopt: true to take it over, or use another name`

// secretUnchanged applies the same content again, also after a restart. The API server stores nothing.
func secretUnchanged(t *testing.T, s secretSpace) {
	secret := s.start(t)
	creds := []refresh.Credential{secretPassword(s.rule.Logins[0], "one")}
	for range 2 {
		if failure := s.applyAll(t, secret, creds); failure != "" {
			t.Fatal(failure)
		}
	}
	first := s.mustContain(t, "one")
	if failure := s.applyAll(t, s.start(t), creds); failure != "" {
		t.Fatal(failure)
	}
	s.mustBeUntouched(t, first)
	second := s.mustApply(t, secret, "two")
	if second.UID != first.UID || second.ResourceVersion == first.ResourceVersion {
		t.Errorf("not replaced in place: %v, %v", first.ObjectMeta, second.ObjectMeta)
	}
	for key, want := range map[string]string{
		refreshed.AnnotationIdentity: "test", refreshed.AnnotationExpiry: creds[0].Token.Expiry.UTC().Format(time.RFC3339),
	} {
		if first.Annotations[key] != want {
			t.Errorf("annotation %s is %q, want %q", key, first.Annotations[key], want)
		}
	}
	want := map[string]string{"app.kubernetes.io/managed-by": "ecr-token-refresh", "velero.io/exclude-from-backup": "true"}
	if !maps.Equal(first.Labels, want) {
		t.Errorf("labels %v, want %v", first.Labels, want)
	}
	if first.Annotations[refreshed.AnnotationHash] == second.Annotations[refreshed.AnnotationHash] {
		t.Error("two passwords have the same hash")
	}
}

// secretEdited edits a Secret as kubectl edit does. It is restored by the same process and by another one, and keeps
// the labels of others.
func secretEdited(t *testing.T, s secretSpace) {
	secret := s.start(t)
	first := s.mustApply(t, secret, "one")
	for _, restart := range []bool{false, true} {
		s.edit(t, `{"data":{".dockerconfigjson":"e30="},"metadata":{"labels":{"app.kubernetes.io/managed-by":"kubectl","team":"a"},"annotations":{"ecr-login/expiry":null}}}`)
		if restart {
			secret = s.start(t)
		}
		got := s.mustApply(t, secret, "one")
		if got.UID != first.UID || got.Labels["app.kubernetes.io/managed-by"] != "ecr-token-refresh" || got.Labels["team"] != "a" || got.Annotations["ecr-login/expiry"] == "" {
			t.Errorf("restart %v: %v", restart, got.ObjectMeta)
		}
	}
}

// secretDeleted deletes a Secret. It is created again.
func secretDeleted(t *testing.T, s secretSpace) {
	secret := s.start(t)
	s.mustApply(t, secret, "one")
	s.delete(t)
	s.mustApply(t, secret, "one")
}

// secretForeign finds a Secret of kubectl's. It is left alone without adopt, and taken over with it.
func secretForeign(t *testing.T, s secretSpace) {
	foreign := s.create(t, foreignSecret())
	s.mustBe(t, s.apply(t, s.start(t), "one"), managedByKubectl)
	s.mustBeUntouched(t, foreign)
	s.rule.Adopt = true
	if got := s.mustApply(t, s.start(t), "one"); got.UID != foreign.UID {
		t.Error("the Secret was not taken over in place")
	}
	s.rule.Adopt = false // it is ours now
	s.mustApply(t, s.start(t), "two")
}

// secretForeignEqual finds a foreign Secret with the same values, which the API server would merge.
func secretForeignEqual(t *testing.T, s secretSpace) {
	creds := []refresh.Credential{secretPassword(s.rule.Logins[0], "one")}
	if failure := s.applyAll(t, s.start(t), creds); failure != "" {
		t.Fatal(failure)
	}
	ours := s.get(t)
	s.delete(t)
	foreign := s.create(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: secretName}, Type: ours.Type, Data: ours.Data})
	s.mustBe(t, s.applyAll(t, s.start(t), creds), managedByKubectl)
	s.mustBeUntouched(t, foreign)
}

// secretForeignOtherKeys finds a foreign Secret with other keys, which the API server would merge.
func secretForeignOtherKeys(t *testing.T, s secretSpace) {
	s.rule.Form, _ = secret.Preset("docker-config")
	foreign := s.create(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: secretName}, Type: corev1.SecretTypeOpaque, Data: map[string][]byte{"other": []byte("x")}})
	s.mustBe(t, s.apply(t, s.start(t), "one"), managedByKubectl)
	s.mustBeUntouched(t, foreign)
	s.rule.Adopt = true
	if failure := s.apply(t, s.start(t), "one"); failure != "" {
		t.Fatal(failure)
	}
	if got := s.get(t); !bytes.Contains(got.Data["config.json"], []byte(`"password one"`)) || string(got.Data["other"]) != "x" {
		t.Errorf("keys %v", got.Data)
	}
}

// secretForeignAtCreation creates a foreign Secret after the look-up, with other keys. The API server merges both, and
// this program withdraws its part.
func secretForeignAtCreation(t *testing.T, s secretSpace) {
	s.rule.Form, _ = secret.Preset("docker-config")
	var once sync.Once
	secret := s.start(t, before("PATCH", "force=false", func() {
		once.Do(func() {
			s.create(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: secretName}, Type: corev1.SecretTypeOpaque, Data: map[string][]byte{"other": []byte("x")}})
		})
	}))
	s.mustBe(t, s.apply(t, secret, "one"), managedByKubectl)
	got := s.get(t)
	if len(got.Data) != 1 || len(got.Labels) != 0 || len(got.Annotations) != 0 || len(got.ManagedFields) != 1 {
		t.Errorf("the foreign Secret has changed: %v, %d keys", got.ObjectMeta, len(got.Data))
	}
}

// secretForeignDuringAdoption changes a foreign Secret between look-up and apply. The apply is repeated after another
// look-up.
func secretForeignDuringAdoption(t *testing.T, s secretSpace) {
	s.create(t, foreignSecret())
	s.rule.Adopt = true
	var once sync.Once
	requests := 0
	secret := s.start(t, before("PATCH", "force=true", func() {
		requests++
		once.Do(func() { s.edit(t, `{"metadata":{"labels":{"team":"a"}}}`) })
	}))
	if got := s.mustApply(t, secret, "one"); got.Labels["team"] != "a" || requests != 2 {
		t.Errorf("labels %v after %d requests", got.Labels, requests)
	}
}

// secretReplaced deletes the Secret and creates a foreign one, as some CronJobs do.
func secretReplaced(t *testing.T, s secretSpace) {
	secret := s.start(t)
	s.mustApply(t, secret, "one")
	s.delete(t)
	foreign := s.create(t, foreignSecret())
	s.mustBe(t, s.apply(t, secret, "one"),
		`Secret NAMESPACE/regcred: replaced by "kubectl-create" after this program wrote it; stop that program, and set adopt: true to take the Secret over`)
	s.mustBeUntouched(t, foreign)
}

// secretContested replaces the Secret again and again, while the rule has adopt. It is taken over each time, and the
// third time the other program is reported.
func secretContested(t *testing.T, s secretSpace) {
	s.rule.Adopt = true
	secret := s.start(t)
	s.mustApply(t, secret, "one")
	for i := range 3 {
		s.delete(t)
		s.create(t, foreignSecret())
		failure := s.apply(t, secret, "one")
		s.mustContain(t, "one")
		if i < 2 {
			s.mustBe(t, failure, "")
		} else {
			s.mustBe(t, failure, `Secret NAMESPACE/regcred: written, but "kubectl-create" changed or deleted it 3 times in 24 hours; stop one of the two programs`)
		}
	}
}

// secretLabeled finds a Secret without managed fields of this program, but with its label, as after a restore.
func secretLabeled(t *testing.T, s secretSpace) {
	restored := foreignSecret()
	restored.Labels = map[string]string{"app.kubernetes.io/managed-by": "ecr-token-refresh"}
	s.create(t, restored)
	s.mustApply(t, s.start(t), "one")
}

// secretImmutable finds Secrets that cannot be changed. They are reported, and never deleted.
func secretImmutable(t *testing.T, s secretSpace) {
	const want = "Secret NAMESPACE/regcred: immutable; delete it, and it is created again: kubectl delete secret regcred --namespace NAMESPACE"
	secret := s.start(t)
	s.mustApply(t, secret, "one")
	s.edit(t, `{"immutable":true}`)
	ours := s.get(t)
	s.mustBe(t, s.apply(t, secret, "two"), want)
	s.mustBe(t, s.apply(t, s.start(t), "two"), want)
	s.mustBeUntouched(t, ours)
	s.delete(t)
	s.mustApply(t, secret, "two")
	s.delete(t)

	foreign := foreignSecret()
	foreign.Immutable = new(bool)
	*foreign.Immutable = true
	foreign = s.create(t, foreign)
	s.mustBe(t, s.apply(t, s.start(t), "two"), managedByKubectl)
	s.rule.Adopt = true
	s.mustBe(t, s.apply(t, s.start(t), "two"), want)
	s.mustBeUntouched(t, foreign)
}

// secretOtherType finds Secrets of another type, also one of an earlier rule. They are reported, and never deleted.
func secretOtherType(t *testing.T, s secretSpace) {
	const want = `Secret NAMESPACE/regcred: its type is not "kubernetes.io/basic-auth", and a type cannot be changed; ` +
		"delete it, and it is created again: kubectl delete secret regcred --namespace NAMESPACE"
	s.mustApply(t, s.start(t), "one")
	ours := s.get(t)
	s.rule.Form, _ = secret.Preset("basic-auth")
	s.mustBe(t, s.apply(t, s.start(t), "two"), want)
	s.mustBeUntouched(t, ours)
	s.delete(t)
	foreign := s.create(t, foreignSecret())
	s.rule.Adopt = true
	s.mustBe(t, s.apply(t, s.start(t), "two"), want)
	s.mustBeUntouched(t, foreign)
}

// secretIncomplete applies the password of one registry of two. A Secret with valid passwords of both is left alone
// until they expire.
func secretIncomplete(t *testing.T, s secretSpace) {
	s.rule.Logins = append(s.rule.Logins, secretLogin(t, otherHost))
	secret := s.start(t)
	full := s.mustApply(t, secret, "one")
	one := []refresh.Credential{secretPassword(s.rule.Logins[0], "two")}
	for _, secret := range []*refreshed.Secret{secret, s.start(t)} {
		if failure := s.applyAll(t, secret, one); failure != "" {
			t.Error(failure)
		}
		s.mustBeUntouched(t, full)
	}
	s.edit(t, `{"metadata":{"annotations":{"ecr-login/expiry":"2026-01-02T03:04:05Z"}}}`)
	if failure := s.applyAll(t, secret, one); failure != "" {
		t.Error(failure)
	}
	got := s.mustContain(t, "two")
	if strings.Contains(string(got.Data[corev1.DockerConfigJsonKey]), otherHost) {
		t.Error("the Secret contains the expired password")
	}
	s.delete(t)
	if failure := s.applyAll(t, secret, one); failure != "" { // better than no Secret
		t.Error(failure)
	}
	s.mustContain(t, "two")
}

// mustBeAbsent fails the test if the Secret exists.
func (s secretSpace) mustBeAbsent(t *testing.T) {
	t.Helper()
	if _, err := s.client.CoreV1().Secrets(s.name).Get(t.Context(), secretName, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the Secret exists: %v", err)
	}
}
