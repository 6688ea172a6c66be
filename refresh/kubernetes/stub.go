package kubernetes

import (
	"context"
	"log/slog"
	"time"

	metadataclient "k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

// A Change is what Apply would do in one namespace.
type Change struct{ Namespace, Action, Reason string }

type writer struct{}

func newWriter(Rule, metadataclient.Interface, rest.Interface, *slog.Logger, func() time.Time) *writer {
	return nil
}

func (w *writer) write(ctx context.Context, namespace string, c *content) error { return nil }
func (w *writer) remove(ctx context.Context, namespace string) error            { return nil }
func (w *writer) plan(ctx context.Context, namespace string) (Change, error)    { return Change{}, nil }
func (w *writer) forget(namespace string)                                       {}
