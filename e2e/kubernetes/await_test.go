package kubernetes

import (
	"context"
	"encoding/json"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
)

// A watcher is a client for one kind of object.
type watcher interface {
	Watch(context.Context, metav1.ListOptions) (watch.Interface, error)
}

// named selects the object with this name.
func named(name string) fields.Set { return fields.Set{"metadata.name": name} }

// await watches the selected objects until wanted returns true for one, and returns it. If that does not happen, the
// test fails with the last status and the end of the log.
func await[T runtime.Object](t *testing.T, log *transcript, client watcher, selected fields.Set, wanted func(T) bool) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), conditionTimeout)
	defer cancel()
	w, err := client.Watch(ctx, metav1.ListOptions{FieldSelector: selected.String()})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	var last T
	for event := range w.ResultChan() {
		object, ok := event.Object.(T)
		if !ok {
			t.Fatalf("watching %v: %v", selected, event.Object)
		}
		if last = object; wanted(last) {
			return last
		}
	}
	t.Fatalf("%v: unexpected status\n%s\n%s", selected, status(t, last), log.tail(30))
	panic("unreachable")
}

// status returns the status of an object, as kubectl shows it.
func status(t *testing.T, object runtime.Object) string {
	t.Helper()
	all, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	var part struct{ Status any }
	if err := json.Unmarshal(all, &part); err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(part.Status, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
