package aws

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/oneline"
)

// An explanation returns the cause and next step for one kind of error. The cause is empty for other errors.
type explanation func(t *try, err error) (cause, next string)

// explanations are tried in this order. An expired deadline is handled before all of them, because it can cause any of
// these errors.
var explanations = []explanation{
	explainURL,
	explainUnreadable,
	explainBundle,
	explainConfiguration,
	explainRole,
	explainSource,
	explainNetwork,
	explainKeys,
	explainDenied,
	explainUnavailable,
	explainAnswer,
}

// explain returns the *credentials.Error for an error. Its cause includes the identity that was used.
func (t *try) explain(ctx context.Context, err error) error {
	t.log.Debug("no token", "identity", t.identity.label, "took", time.Since(t.started), "error", t.plain(err))
	e := &credentials.Error{Host: t.registry.Host, Err: err}
	if ctx.Err() != nil {
		e.Cause, e.Next = t.explainDeadline(ctx)
		return e
	}
	for _, explain := range explanations {
		if e.Cause, e.Next = explain(t, err); e.Cause != "" {
			break
		}
	}
	if e.Cause == "" {
		e.Cause = fmt.Sprintf("request to AWS failed (using %s): %s", t.identity.label, t.plain(err))
	}
	if t.lacksIdentity(err) {
		e.Err = fmt.Errorf("%w: %w", credentials.ErrNoIdentity, err)
	}
	e.Cause, e.Next = t.safe(oneline.Text(e.Cause)), t.safe(oneline.Text(e.Next))
	return e
}

// explainDeadline returns what the try was waiting for when the deadline expired.
func (t *try) explainDeadline(ctx context.Context) (cause, next string) {
	if errors.Is(ctx.Err(), context.Canceled) {
		return "interrupted", ""
	}
	waited := "waiting for " + t.identity.label
	if last := t.last.Load(); last != nil && last.host != "" {
		waited = "waiting for " + last.host
		if last.outcome != nil && !errors.Is(last.outcome, context.DeadlineExceeded) {
			waited += ", last error: " + t.plain(last.outcome)
		}
	}
	took := time.Since(t.started).Round(100 * time.Millisecond)
	return fmt.Sprintf("timed out after %s %s (using %s)", took, waited, t.identity.label),
		"try again, or increase the timeout with ECR_LOGIN_TIMEOUT"
}

// is reports whether err is or wraps an E.
func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
