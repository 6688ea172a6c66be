package aws

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ecrlogin/credentials"
)

// A failure is why there is no token, in the one line that a user gets to see: what was wanted, what went wrong, what
// to do next.
type failure struct {
	host  string
	cause string // names the identity that was tried, never a secret
	next  string // empty when nobody can say
	err   error
}

func (f *failure) Error() string {
	line := f.host + ": " + f.cause
	if f.next != "" {
		line += "; " + f.next
	}
	return line
}

func (f *failure) Unwrap() error { return f.err }

// An identityError came while finding out who asks, before the registry's API was asked anything.
type identityError struct{ error }

func (e *identityError) Unwrap() error { return e.error }

// An explanation puts one kind of error into the user's words. An empty cause means that it is not of that kind.
type explanation func(t *try, err error) (cause, next string)

// explanations are asked in this order: what the identity's source can tell better than the error, then the error
// itself. A deadline that has passed comes before all of them, because it can look like any.
var explanations = []explanation{
	explainURL,
	explainUnreadable,
	explainBundle,
	explainConfiguration,
	explainRole,
	explainSSO,
	explainLogin,
	explainProcess,
	explainMetadata,
	explainContainer,
	explainWebIdentity,
	explainNetwork,
	explainClock,
	explainKeys,
	explainDenied,
	explainUnavailable,
	explainAnswer,
}

func (t *try) explain(ctx context.Context, err error) error {
	t.log.Debug("no token", "identity", t.identity.label, "took", time.Since(t.started), "error", t.plain(err))
	f := &failure{host: t.registry.Host, err: err}
	if ctx.Err() != nil {
		f.cause, f.next = t.explainDeadline(ctx)
		return f
	}
	for _, explain := range explanations {
		if f.cause, f.next = explain(t, err); f.cause != "" {
			break
		}
	}
	if f.cause == "" {
		f.cause = fmt.Sprintf("request to AWS failed (using %s): %s", t.identity.label, t.plain(err))
	}
	if t.lacksIdentity(err) {
		f.err = fmt.Errorf("%w: %w", credentials.ErrNoIdentity, err)
	}
	f.cause, f.next = t.safe(oneLine("%s", f.cause)), t.safe(oneLine("%s", f.next))
	return f
}

// explainDeadline tells what the time went into.
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

func isIdentity(err error) bool {
	var e *identityError
	return errors.As(err, &e)
}

// oneLine formats without line breaks and runs of white space, at a length that can still be read.
func oneLine(format string, args ...any) string {
	const longest = 600
	s := strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " ")
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + " …"
	}
	return s
}
