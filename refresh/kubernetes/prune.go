package kubernetes

import (
	"context"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/oneline"
)

// remove deletes the Secret in a namespace if this program applied it and no other program has written its data since.
// A label alone is not enough to delete. The Secret of another program, or of another installation of this program, is
// left alone.
//
// The imagePullSecrets of service accounts are not changed: an entry that a user added looks the same, and a missing
// Secret does not fail a pull.
func (w *writer) remove(ctx context.Context, namespace string) error {
	t := &writing{writer: w, namespace: namespace, content: new(content)}
	var err error
	for range attempts {
		var found *metav1.PartialObjectMetadata
		if found, err = w.lookUp(ctx, namespace); err != nil {
			return t.explain(err)
		}
		if found == nil || !slices.ContainsFunc(found.ManagedFields, isOurs) ||
			found.Annotations[AnnotationInstallation] != w.rule.installation {
			break
		}
		if other := writerOf(found); other != "" {
			return advice.Errorf("%s: not deleted, because %q has changed its data", w.name(namespace), other).
				Then("delete it if it is not needed: kubectl delete secret %s --namespace %s", w.rule.Name, namespace)
		}
		err = w.secrets(namespace).Delete(ctx, w.rule.Name, metav1.DeleteOptions{
			Preconditions: &metav1.Preconditions{UID: &found.UID, ResourceVersion: &found.ResourceVersion},
		})
		if apierrors.IsForbidden(err) {
			// The caller ignores a look-up that is forbidden, because this program then has no Secret there. Here it has one, so
			// that the error is not wrapped.
			return denied(w.name(namespace), namespace, oneline.Text(err.Error()))
		}
		if !apierrors.IsConflict(err) {
			break
		}
	}
	if err != nil && !apierrors.IsNotFound(err) {
		return t.explain(err)
	}
	w.forget(namespace)
	return nil
}
