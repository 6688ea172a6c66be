package kubernetes

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/lifetime"
	"ecrlogin/refresh/kubernetes/secret"
)

// A writer writes the Secret of one rule. Its methods are safe for concurrent use in different namespaces.
type writer struct {
	rule   secret.Rule
	client metadata.Interface
	core   rest.Interface // reads service accounts, whose imagePullSecrets are not metadata
	log    *slog.Logger
	now    func() time.Time // time.Now except in tests
	// exist reports whether the last Secret that was looked up existed. Then others are likely to exist too, for
	// example after a restart, and are looked up first.
	exist atomic.Bool

	mu       sync.Mutex
	memories map[string]memory // by namespace
}

// A memory is what a writer remembers of a namespace.
type memory struct {
	uid     types.UID // of the Secret that was written; "" if none was
	hash    string    // AnnotationHash that was written last
	missing []string  // hosts whose passwords were missing then
	losses  []loss    // in the last contestPeriod
	waiting time.Time // since when a service account is missing; zero if none is
}

func newWriter(rule secret.Rule, client metadata.Interface, core rest.Interface, log *slog.Logger) *writer {
	return &writer{rule: rule, client: client, core: core, log: log, now: time.Now, memories: map[string]memory{}}
}

// write writes the Secret in a namespace and adds it to the service accounts of the rule. It writes nothing if the
// namespace is being deleted, and it never writes an expired password. If the Secret was written, the error is nil, a
// *waitingError or a *contestedError.
func (w *writer) write(ctx context.Context, namespace string, c *content) error {
	if !c.usable(w.now()) {
		return advice.Errorf("%s: the password has expired", w.name(namespace)).Then("see the errors of its registries")
	}
	action, found, err := (&writing{writer: w, namespace: namespace, content: c}).run(ctx)
	if err != nil || action == actionSkip {
		return err
	}
	if err := w.addToAccounts(ctx, namespace); err != nil {
		return err
	}
	if action == actionKeep {
		return &waitingError{
			line:  fmt.Sprintf("%s: kept until it expires, because there is no password for %s", w.name(namespace), strings.Join(c.missing, ", ")),
			after: max(keptUntil(found).Sub(w.now()), time.Second),
		}
	}
	return w.contested(namespace)
}

// forget drops what is known of a namespace. It is for namespaces that were deleted.
func (w *writer) forget(namespace string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.memories, namespace)
}

func (w *writer) memory(namespace string) memory {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.memories[namespace]
}

// update changes what is known of a namespace.
func (w *writer) update(namespace string, change func(*memory)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.memories[namespace]
	change(&m)
	w.memories[namespace] = m
}

// name describes the Secret in messages.
func (w *writer) name(namespace string) string {
	return "Secret " + namespace + "/" + w.rule.Name
}

func (w *writer) secrets(namespace string) metadata.ResourceInterface {
	return w.client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "secrets"}).Namespace(namespace)
}

// lookUp returns the metadata of the Secret, or nil if it does not exist. A patch without a change requires no further
// permission than the apply does, and the response to it contains no data. A strategic merge patch costs the API server
// less than the other patches, for which it encodes the Secret as JSON.
func (w *writer) lookUp(ctx context.Context, namespace string) (*metav1.PartialObjectMetadata, error) {
	found, err := w.secrets(namespace).Patch(ctx, w.rule.Name, types.StrategicMergePatchType, []byte("{}"),
		metav1.PatchOptions{FieldManager: fieldManager, DryRun: []string{metav1.DryRunAll}})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return found, err
}

// attempts limits how often a write starts again because the Secret was changed at the same time.
const attempts = 5

// The actions of a write, for plans and logs.
const (
	actionCreate = "create"
	actionUpdate = "update"
	actionAdopt  = "take over"
	actionKeep   = "keep" // the content lacks passwords, and those of the Secret are valid
	actionSkip   = "skip" // the namespace is being deleted
)

// A writing is one call of write, or of plan.
type writing struct {
	*writer
	namespace string
	content   *content
	dryRun    bool
}

// run writes the Secret and returns what it did, and the metadata of the Secret that existed before, if it was read.
func (w *writing) run(ctx context.Context) (action string, found *metav1.PartialObjectMetadata, err error) {
	known := w.memory(w.namespace).uid
	action, rejected := w.guess(ctx, known)
	lookedUp := action == "" || outdated(rejected)
	if err = rejected; lookedUp {
		action, found, err = w.lookUpAndPut(ctx)
	}
	switch {
	case hasCause(err, namespaceTerminating):
		return actionSkip, found, nil
	case err != nil:
		return action, found, w.explain(err)
	case lookedUp:
		w.noteLoss(known, found, rejected)
	}
	return action, found, nil
}

// guess sends the one request that most calls consist of. The API server rejects it if the state is another one: if the
// Secret of an earlier call was deleted, replaced or changed, or if there is a Secret already. The action is "" if
// guess sends no request, because a look-up is needed or is likely to be.
//
// The precondition of each apply matters. Without one, an apply that is not forced does not protect the Secret of
// another program, because it is merged if values are equal or keys differ.
func (w *writing) guess(ctx context.Context, known types.UID) (action string, err error) {
	switch {
	case w.dryRun:
	case known == "" && !w.exist.Load():
		err = w.create(ctx)
		w.exist.Store(outdated(err))
		return actionCreate, err
	case known != "" && len(w.content.missing) == 0:
		_, err = w.apply(ctx, w.content.body(known, ""), false)
		return actionUpdate, err
	}
	return "", nil
}

// lookUpAndPut writes the Secret after a look-up, and starts again if the Secret is changed in between.
func (w *writing) lookUpAndPut(ctx context.Context) (action string, found *metav1.PartialObjectMetadata, err error) {
	for range attempts {
		if found, err = w.lookUp(ctx, w.namespace); err != nil {
			return "", nil, err
		}
		w.exist.Store(found != nil)
		if action, err = w.put(ctx, found); !outdated(err) {
			break
		}
	}
	return action, found, err
}

// put writes the Secret after a look-up.
func (w *writing) put(ctx context.Context, found *metav1.PartialObjectMetadata) (action string, err error) {
	switch {
	case found == nil:
		return actionCreate, w.create(ctx)
	case ours(found) && w.rival(found) == "":
		if w.keeps(found) {
			w.update(w.namespace, func(m *memory) { m.uid = found.UID })
			return actionKeep, nil
		}
		_, err = w.apply(ctx, w.content.body(found.UID, ""), true)
		return actionUpdate, err
	case w.rule.Adopt:
		// With the version as a precondition, what another program writes in between is not overwritten unseen.
		_, err = w.apply(ctx, w.content.body(found.UID, found.ResourceVersion), true)
		return actionAdopt, err
	}
	return "", w.foreign(found)
}

// keeps reports whether a Secret of this program is better than the content, which lacks passwords that the Secret may
// contain.
func (w *writing) keeps(found *metav1.PartialObjectMetadata) bool {
	m := w.memory(w.namespace)
	return keptUntil(found).After(w.now()) && slices.ContainsFunc(w.content.missing, func(host string) bool {
		return m.hash != found.Annotations[AnnotationHash] || !slices.Contains(m.missing, host)
	})
}

// noVersion is a resourceVersion that no object has: the revision of an etcd without objects.
const noVersion = "1"

// create writes a Secret that does not exist. If one exists, or another program creates one at the same time, the API
// server rejects the request, because the existing Secret has another version. It does not compare the version of an
// object that does not exist. A POST would need a permission that cannot be restricted to the name of the Secret.
// Source: Update in pkg/registry/generic/registry/store.go of kubernetes/apiserver
func (w *writing) create(ctx context.Context) error {
	_, err := w.apply(ctx, w.content.body("", noVersion), false)
	return err
}

// apply sends a server-side apply and remembers the Secret. The API server does not look for unknown fields, because it
// would parse the body twice.
func (w *writing) apply(ctx context.Context, body []byte, force bool) (*metav1.PartialObjectMetadata, error) {
	o := metav1.PatchOptions{FieldManager: fieldManager, Force: &force, FieldValidation: metav1.FieldValidationIgnore}
	if w.dryRun {
		o.DryRun = []string{metav1.DryRunAll}
	}
	applied, err := w.secrets(w.namespace).Patch(ctx, w.rule.Name, types.ApplyPatchType, body, o)
	if err == nil {
		w.wrote(applied)
	}
	return applied, err
}

// wrote remembers which Secret is this program's, and what it lacks.
func (w *writing) wrote(o *metav1.PartialObjectMetadata) {
	if !w.dryRun {
		w.update(w.namespace, func(m *memory) {
			m.uid, m.hash, m.missing = o.UID, o.Annotations[AnnotationHash], w.content.missing
		})
	}
}

// keptUntil returns until when a Secret of this program is kept if the content lacks passwords: until shortly before
// the first of its passwords expires, as passwords are returned to clients. It is in the past if the expiry is unknown.
func keptUntil(o *metav1.PartialObjectMetadata) time.Time {
	expiry, err := time.Parse(time.RFC3339, o.Annotations[AnnotationExpiry])
	if err != nil {
		return time.Time{}
	}
	return lifetime.End(time.Time{}, expiry)
}

// outdated reports that the Secret is not in the state that the request assumed.
func outdated(err error) bool {
	return apierrors.IsConflict(err) || hasField(err, "metadata.uid")
}
