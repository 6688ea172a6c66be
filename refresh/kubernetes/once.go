package kubernetes

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// onceAttempts is the number of tries in a namespace without Run.
const onceAttempts = 4

// applyOnce writes the Secret to all namespaces and returns after that.
func (s *Secret) applyOnce(ctx context.Context, c *content) error {
	wanted, others, err := s.list(ctx)
	if len(wanted) == 0 && err != nil {
		return err
	}
	s.newPass(c, wanted, others)
	parallel(wanted, func(ns namespace) {
		retry(ctx, func() (time.Duration, error) { return s.write(ctx, ns) })
	})
	if s.rule.Prune {
		parallel(others, func(ns namespace) {
			retry(ctx, func() (time.Duration, error) { return s.remove(ctx, ns.name) })
		})
	}
	return err
}

// list returns the namespaces that the rule selects, and those that no rule selects for the Secret. If they cannot be
// listed, it returns the error and those that are selected by name.
func (s *Secret) list(ctx context.Context) (wanted, others []namespace, err error) {
	var existing []namespace
	if s.lists {
		existing, err = listAll(ctx, s.cluster.namespaces.client)
	}
	wanted, others = s.divide(existing)
	return wanted, others, err
}

// retry calls try until it succeeds, fails for a reason that a retry does not change, or failed onceAttempts times.
func retry(ctx context.Context, try func() (again time.Duration, err error)) {
	for range onceAttempts - 1 {
		again, err := try()
		if err == nil || !unavailable(err) && !apierrors.IsConflict(err) || !sleep(ctx, again) {
			return
		}
	}
	_, _ = try() // the Report contains the error
}

// parallel calls f for each item, up to workers at a time, and returns after all calls.
func parallel[T any](items []T, f func(T)) {
	next := make(chan T)
	var w sync.WaitGroup
	for range min(workers, len(items)) {
		w.Go(func() {
			for item := range next {
				f(item)
			}
		})
	}
	for _, item := range items {
		next <- item
	}
	close(next)
	w.Wait()
}

// Plan returns what Apply would do in each namespace, sorted by namespace. It changes nothing, and needs no
// passwords. Its error is that the namespaces cannot be listed.
func (s *Secret) Plan(ctx context.Context) ([]Change, error) {
	wanted, others, err := s.list(ctx)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var changes []Change
	add := func(namespace string, change Change, err error) {
		if err != nil {
			change = Change{Namespace: namespace, Action: ActionFail, Reason: err.Error()}
		}
		if change.Action == "" {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		changes = append(changes, change)
	}
	parallel(wanted, func(ns namespace) {
		change, err := s.writer.plan(ctx, ns.name)
		add(ns.name, change, err)
	})
	if s.rule.Prune {
		parallel(others, func(ns namespace) {
			change, err := s.writer.planRemove(ctx, ns.name)
			add(ns.name, change, err)
		})
	}
	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(a.Namespace, b.Namespace) })
	return changes, nil
}
