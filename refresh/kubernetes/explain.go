package kubernetes

import (
	"errors"
	"regexp"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/oneline"
)

// manager describes the program that manages a Secret that is not to be written.
func (w *writer) manager(found *metav1.PartialObjectMetadata) string {
	if rival := w.rival(found); rival != "" && ours(found) {
		return `the installation "` + oneline.Value(rival) + `" of this program`
	}
	if name := managerOf(found); name != "" {
		return `"` + name + `"`
	}
	return "another program"
}

// foreign reports that another program manages the Secret.
func (w *writing) foreign(found *metav1.PartialObjectMetadata) error {
	manager := w.manager(found)
	if known := w.memory(w.namespace).uid; known != "" && known != found.UID {
		return advice.Errorf("%s: replaced by %s after this program wrote it", w.name(w.namespace), manager).
			Then("stop that program, and set adopt: true to take the Secret over")
	}
	return advice.Errorf("%s: managed by %s", w.name(w.namespace), manager).
		Then("set adopt: true to take it over, or use another name")
}

// explain describes in one line why a request for the Secret failed. It returns nil for nil.
func (w *writing) explain(err error) error {
	var status apierrors.APIStatus
	switch {
	case err == nil || !errors.As(err, &status) && errors.As(err, new(*advice.Error)):
		return err
	case status == nil || unavailable(err) || apierrors.IsUnauthorized(err):
		explained := explain("patch", "secrets", err)
		cause, next := advice.Of(explained)
		return &requestError{advice.Errorf("%s", w.content.redact(cause)).Then("%s", next), err}
	}
	return &requestError{w.line(err, status.Status()), err}
}

// line returns the message for an error of the API server.
func (w *writing) line(err error, status metav1.Status) *advice.Error {
	name := w.name(w.namespace)
	message := oneline.Text(w.content.redact(err.Error()))
	const replace = "delete it, and it is created again: kubectl delete secret %s --namespace %s"
	switch {
	case hasField(err, "type"):
		return advice.Errorf("%s: its type is not %q, and a type cannot be changed", name, w.content.typ).
			Then(replace, w.rule.Name, w.namespace)
	case immutable(status):
		return advice.Errorf("%s: immutable", name).Then(replace, w.rule.Name, w.namespace)
	case apierrors.IsNotFound(err) && status.Details != nil && status.Details.Kind == "namespaces":
		return advice.Errorf("namespace %s: not found", w.namespace).Then("create it, or remove it from the rule for %s", w.rule.Name)
	case apierrors.IsForbidden(err):
		return denied(name, w.namespace, message)
	case apierrors.IsConflict(err):
		return advice.Errorf("%s: changed by other programs during %d attempts to write it: %s", name, attempts, message)
	}
	return advice.Errorf("%s: %s", name, message)
}

// immutable reports whether a request was rejected because of "immutable: true".
// Source: ValidateSecretUpdate in pkg/apis/core/validation/validation.go of Kubernetes
func immutable(status metav1.Status) bool {
	if status.Details == nil {
		return false
	}
	return slices.ContainsFunc(status.Details.Causes, func(c metav1.StatusCause) bool {
		return (c.Field == "data" || c.Field == "immutable") && c.Type == metav1.CauseTypeForbidden
	})
}

// rbac matches the message of the API server if RBAC denies a request.
var rbac = regexp.MustCompile(`User "([^"]*)" cannot (\w+) resource "(\w+)"`)

// denied returns the message for status 403, which is also that of admission policies and quotas.
func denied(name, namespace, message string) *advice.Error {
	m := rbac.FindStringSubmatch(message)
	if m == nil {
		return advice.Errorf("%s: denied: %s", name, message)
	}
	user, verb, resource := m[1], m[2], m[3]
	return advice.Errorf("%s: user %q has no permission to %s %s in namespace %s", name, user, verb, resource, namespace).
		Then("grant it with a Role and a RoleBinding in that namespace, or a ClusterRole and a ClusterRoleBinding")
}
