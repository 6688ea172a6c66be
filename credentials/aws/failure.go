package aws

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ecrlogin/credentials"
)

// A failure is the error that a user sees if there is no token. Its text is one line with the host, the cause and the
// next step.
type failure struct {
	host  string
	cause string // includes the identity that was used, never a secret
	next  string // empty if unknown
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

// An identityError is an error while getting AWS credentials, before any call to the registry's API.
type identityError struct{ error }

func (e *identityError) Unwrap() error { return e.error }

// An explanation returns the cause and next step for one kind of error. The cause is empty for other errors.
type explanation func(t *try, err error) (cause, next string)

// explanations are tried in this order: those that depend on the source of the credentials, then those that depend
// only on the error. An expired deadline is handled before all of them, because it can cause any of these errors.
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

func isIdentity(err error) bool {
	var e *identityError
	return errors.As(err, &e)
}

// oneLine formats like fmt.Sprintf, replaces each run of whitespace with a space, and limits the length to 600 bytes.
func oneLine(format string, args ...any) string {
	const longest = 600
	s := strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " ")
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + " …"
	}
	return s
}
