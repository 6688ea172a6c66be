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
// A rule may start to select the namespace at any time, and write the Secret, which then must not be absent. So unselected
// is asked after each look-up. What is written later has another resourceVersion, and is looked up again.
//
// The imagePullSecrets of service accounts are not changed: an entry that a user added looks the same, and a missing
// Secret does not fail a pull.
func (w *writer) remove(ctx context.Context, namespace string, unselected func() bool) error {
	t := &writing{writer: w, namespace: namespace, content: new(content)}
	var err error
	for range attempts {
		var found *metav1.PartialObjectMetadata
		if found, err = w.lookUp(ctx, namespace); err != nil {
			return t.explain(err)
		}
		var prune bool
		if prune, err = w.prunable(namespace, found); !prune || !unselected() {
			break
		}
		err = w.secrets(namespace).Delete(ctx, w.rule.Name, metav1.DeleteOptions{
			Preconditions: &metav1.Preconditions{UID: &found.UID, ResourceVersion: &found.ResourceVersion},
		})
		if apierrors.IsForbidden(err) {
			// The caller ignores a look-up that is forbidden, because this program then has no Secret there. Here it
			// has one, so that the error is not wrapped.
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

// prunable reports whether remove deletes a Secret, which is nil if it does not exist. The error is why it cannot.
func (w *writer) prunable(namespace string, found *metav1.PartialObjectMetadata) (bool, error) {
	if found == nil || !slices.ContainsFunc(found.ManagedFields, isOurs) ||
		found.Annotations[AnnotationInstallation] != w.installation() {
		return false, nil
	}
	if other := writerOf(found); other != "" {
		return false, advice.Errorf("%s: not deleted, because %q has changed its data", w.name(namespace), other).
			Then("delete it if it is not needed: kubectl delete secret %s --namespace %s", w.rule.Name, namespace)
	}
	return true, nil
}

// planRemove returns what remove would do in a namespace: the action is "" if there is nothing to do. Without the
// permission to look, there is no Secret of this program. Without a name, this is a plan for any installation.
func (w *writer) planRemove(ctx context.Context, namespace string) (Change, error) {
	found, err := w.lookUp(ctx, namespace)
	if err != nil && !apierrors.IsForbidden(err) {
		return Change{}, (&writing{writer: w, namespace: namespace, content: new(content)}).explain(err)
	}
	if found != nil && w.installation() == "" {
		delete(found.Annotations, AnnotationInstallation)
	}
	prune, err := w.prunable(namespace, found)
	if !prune || err != nil {
		return Change{}, err
	}
	return Change{Namespace: namespace, Action: "delete", Reason: "the rule does not select the namespace"}, nil
}
