package kubernetes

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"ecrlogin/internal/oneline"
)

// ours reports whether this program manages a Secret: it applied fields, or the label says so, for example after a
// restore from a backup, which loses managed fields. It is true even if another program has changed all fields since.
func ours(o *metav1.PartialObjectMetadata) bool {
	return slices.ContainsFunc(o.ManagedFields, isOurs) || o.Labels[labelManagedBy] == fieldManager
}

func isOurs(e metav1.ManagedFieldsEntry) bool {
	return e.Manager == fieldManager && e.Operation == metav1.ManagedFieldsOperationApply
}

// writerOf returns the other field manager that wrote data of a Secret last, or "" if there is none.
func writerOf(o *metav1.PartialObjectMetadata) string {
	return lastManager(o, func(e metav1.ManagedFieldsEntry) bool { return ownsData(e) })
}

// managerOf returns the other field manager that wrote a Secret last, preferably its data, or "" if there is none.
func managerOf(o *metav1.PartialObjectMetadata) string {
	if name := writerOf(o); name != "" {
		return name
	}
	return lastManager(o, func(metav1.ManagedFieldsEntry) bool { return true })
}

func lastManager(o *metav1.PartialObjectMetadata, match func(metav1.ManagedFieldsEntry) bool) string {
	var last metav1.ManagedFieldsEntry
	for _, e := range o.ManagedFields {
		if !isOurs(e) && match(e) && (last.Manager == "" || !e.Time.Before(last.Time)) {
			last = e
		}
	}
	return oneline.Value(last.Manager)
}

// ownsData reports whether managed fields include data.
// Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
func ownsData(e metav1.ManagedFieldsEntry) bool {
	var fields struct {
		Data map[string]json.RawMessage `json:"f:data"`
	}
	if e.FieldsV1 == nil || json.Unmarshal(e.FieldsV1.GetRawBytes(), &fields) != nil {
		return false
	}
	delete(fields.Data, ".") // the existence of the map
	return len(fields.Data) > 0
}

// A program that deletes or changes the Secret again and again is reported after contestLimit times in contestPeriod.
// This program then continues to write the Secret at each interval, so that pods can pull, and does not write it more
// often.
const (
	contestLimit  = 3
	contestPeriod = 24 * time.Hour
)

// A loss is a change of a Secret of this program by another one.
type loss struct {
	at      time.Time
	manager string // "" if the Secret was deleted
}

// A contestedError reports that the Secret is written, but that another program changes it too. Writing it again
// immediately does not help.
type contestedError struct{ line string }

func (e *contestedError) Error() string { return e.line }

// noteLoss records and logs that another program changed the Secret after this program wrote it.
func (w *writing) noteLoss(known types.UID, found *metav1.PartialObjectMetadata, rejected error) {
	if known == "" || w.dryRun {
		return
	}
	l := loss{at: w.now()}
	switch {
	case found == nil: // deleted
	case found.UID != known || hasCause(rejected, metav1.CauseTypeFieldManagerConflict):
		l.manager = managerOf(found)
	default:
		return
	}
	w.update(w.namespace, func(m *memory) {
		recent := slices.DeleteFunc(m.losses, func(l loss) bool { return w.now().Sub(l.at) >= contestPeriod })
		m.losses = append(recent[max(0, len(recent)-contestLimit):], l)
	})
	w.log.Warn("another program changed a Secret; restored", "namespace", w.namespace, "secret", w.rule.Name,
		"manager", l.manager, "deleted", found == nil)
}

// contested returns a *contestedError if another program changes the Secret again and again, or nil.
func (w *writer) contested(namespace string) error {
	var managers []string
	n := 0
	for _, l := range w.memory(namespace).losses {
		if w.now().Sub(l.at) >= contestPeriod {
			continue
		}
		n++
		if l.manager != "" && !slices.Contains(managers, l.manager) {
			managers = append(managers, l.manager)
		}
	}
	if n < contestLimit {
		return nil
	}
	who := "another program"
	if len(managers) > 0 {
		who = fmt.Sprintf("%q", managers[0])
	}
	return &contestedError{fmt.Sprintf("%s: written, but %s changed or deleted it %d times in %.0f hours; stop one of the two programs",
		w.name(namespace), who, n, contestPeriod.Hours())}
}

// namespaceTerminating is the cause of a rejected request if the namespace is being deleted. It is
// NamespaceTerminatingCause of k8s.io/api, which is too large to link for a constant.
const namespaceTerminating metav1.CauseType = "NamespaceTerminating"

// hasCause reports whether a response of the API server has a cause of a type.
func hasCause(err error, cause metav1.CauseType) bool {
	return err != nil && apierrors.HasStatusCause(err, cause)
}

// hasField reports whether a response of the API server rejects a field.
func hasField(err error, field string) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return false
	}
	return slices.ContainsFunc(status.Status().Details.Causes, func(c metav1.StatusCause) bool {
		return c.Field == field || strings.HasPrefix(c.Field, field+"[")
	})
}
