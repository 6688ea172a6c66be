package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// Waiting times for a service account that does not exist. The account "default" of a new namespace appears within a
// second, and others with a deployment at any time.
const (
	accountFirst = time.Second
	accountLimit = 5 * time.Minute
)

// A waitingError reports that the Secret is valid, and that write must be called again after some time: service
// accounts of the rule do not exist yet, or passwords are missing and those in the Secret will expire. It is no
// failure.
type waitingError struct {
	line  string
	after time.Duration
}

func (e *waitingError) Error() string { return e.line }

// addToAccounts adds the Secret to the imagePullSecrets of the rule's service accounts. It requires the verbs get and
// patch. If accounts do not exist, it adds the Secret to the others and returns a *waitingError.
func (w *writer) addToAccounts(ctx context.Context, namespace string) error {
	var absent []string
	for _, name := range w.rule.ServiceAccounts {
		err := w.addToAccount(ctx, namespace, name)
		switch {
		case apierrors.IsNotFound(err):
			absent = append(absent, name)
		case err != nil:
			return err
		}
	}
	now := w.now()
	var since time.Time
	w.update(namespace, func(m *memory) {
		if len(absent) == 0 {
			m.waiting = time.Time{}
		} else if m.waiting.IsZero() {
			m.waiting = now
		}
		since = m.waiting
	})
	if len(absent) == 0 {
		return nil
	}
	return &waitingError{
		line:  fmt.Sprintf("namespace %s: waiting for the service accounts %s", namespace, strings.Join(absent, ", ")),
		after: min(max(accountFirst, now.Sub(since)/2), accountLimit),
	}
}

// addToAccount adds the Secret to one service account. The list is atomic in a server-side apply, and a strategic merge
// replaces it. A JSON patch that replaces resourceVersion is rejected with status 409 if the account has changed since
// it was read, so that no entry of others is lost.
func (w *writer) addToAccount(ctx context.Context, namespace, name string) error {
	var err error
	for range attempts {
		var a account
		if a, err = w.account(ctx, namespace, name); err != nil {
			return accountError("get", namespace, name, err)
		}
		if slices.Contains(a.ImagePullSecrets, reference{w.rule.Name}) {
			return nil
		}
		_, err = w.client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}).Namespace(namespace).
			Patch(ctx, name, types.JSONPatchType, a.patch(w.rule.Name), metav1.PatchOptions{FieldManager: fieldManager})
		if !apierrors.IsConflict(err) {
			break
		}
	}
	return accountError("patch", namespace, name, err)
}

// An account is the part of a ServiceAccount that is needed here.
type account struct {
	Metadata struct {
		ResourceVersion string `json:"resourceVersion"`
	} `json:"metadata"`
	ImagePullSecrets []reference `json:"imagePullSecrets"`
}

type reference struct {
	Name string `json:"name"`
}

func (w *writer) account(ctx context.Context, namespace, name string) (a account, err error) {
	result := w.core.Get().Namespace(namespace).Resource("serviceaccounts").Name(name).
		SetHeader("Accept", "application/json").Do(ctx)
	if err := result.Error(); err != nil {
		return account{}, err
	}
	body, err := result.Raw()
	if err == nil {
		err = json.Unmarshal(body, &a)
	}
	return a, err
}

// patch returns a JSON patch that adds a Secret.
func (a account) patch(secret string) []byte {
	type operation struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value"`
	}
	add := operation{"add", "/imagePullSecrets/-", reference{secret}}
	if len(a.ImagePullSecrets) == 0 {
		add = operation{"add", "/imagePullSecrets", []reference{{secret}}}
	}
	patch, _ := json.Marshal([]operation{{"replace", "/metadata/resourceVersion", a.Metadata.ResourceVersion}, add})
	return patch
}

// accountError describes why a request for a service account failed. It returns nil for nil.
func accountError(verb, namespace, name string, err error) error {
	if err == nil {
		return nil
	}
	full := fmt.Sprintf("service account %s/%s", namespace, name)
	if apierrors.IsForbidden(err) {
		return &requestError{denied(full, namespace, err.Error()), err}
	}
	return explain(verb, "serviceaccounts", err)
}
