package aws

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"ecrlogin/credentials"
)

// An explanation returns the cause and next step for one kind of error. The cause is empty for other errors.
type explanation func(t *try, err error) (cause, next string)

// explanations are tried in this order. An expired deadline is handled before all of them, because it can cause any of
// these errors.
var explanations = []explanation{
	explainURL,
	explainFIPS,
	explainUnreadable,
	explainBundle,
	explainConfiguration,
	explainCharacters,
	explainRole,
	explainSource,
	explainNetwork,
	explainKeys,
	explainDenied,
	explainUnavailable,
	explainResponse,
	explainSettings,
}

// explain returns the *credentials.Error for an error, or nil for nil. Its cause includes the identity that was used.
func (t *try) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	t.log.Debug("no token", "identity", t.identity.label, "took", time.Since(t.started), "error", t.plain(err))
	ended := ctx.Err()
	if ended == nil && t.ended != nil {
		// Throttling is a better cause than the lack of time for another attempt.
		if last := t.last.Load(); last.failed() {
			err = last.outcome
		} else {
			ended = t.ended
		}
	}
	cause, next := t.explainEnd(ended)
	for i := 0; cause == "" && i < len(explanations); i++ {
		cause, next = explanations[i](t, err)
	}
	if cause == "" {
		cause = fmt.Sprintf("request to AWS failed (using %s): %s", t.identity.label, t.plain(err))
	}
	if ended == nil && t.lacksIdentity(err) {
		err = fmt.Errorf("%w: %w", credentials.ErrNoIdentity, err)
	}
	if t.isMistake(err) {
		err = fmt.Errorf("%w: %w", credentials.ErrConfiguration, err)
	}
	return &credentials.Error{Host: t.registry.Host, Cause: t.safe(cause), Next: t.safe(next), Err: err}
}

// isMistake reports whether err is about the profile or the role of a rule in the configuration of ecr-login. Other
// errors are about what AWS or the AWS configuration permits.
func (t *try) isMistake(err error) bool {
	missing, ok := errors.AsType[config.SharedConfigProfileNotExistError](err)
	return ok && t.wanted.Profile != "" && missing.Profile == t.wanted.Profile ||
		t.wanted.RoleARN != "" && errors.Is(err, errPartition)
}

// explainEnd handles the end of the context. It reports what the try was waiting for when the deadline expired.
func (t *try) explainEnd(ended error) (cause, next string) {
	switch ended {
	case nil:
		return "", ""
	case context.Canceled:
		return "interrupted", ""
	}
	waited, next := t.waited()
	return fmt.Sprintf("timed out after %s waiting for %s", time.Since(t.started).Round(100*time.Millisecond), waited), next
}

// waited returns what the try is waiting for, and the next step if it does not get it in time.
func (t *try) waited() (what, next string) {
	const longer = "increase the timeout with ECR_LOGIN_TIMEOUT"
	switch last := t.last.Load(); {
	case last.failed():
		return fmt.Sprintf("%s, last error: %s (using %s)", last.host, t.plain(last.outcome), t.identity.label), "try again, or " + longer
	case last.host != "":
		return fmt.Sprintf("%s (using %s)", last.host, t.identity.label), "try again, or " + longer
	case t.process != nil:
		return fmt.Sprintf("the credential_process of profile %q", t.identity.profile), "run it manually, or " + longer
	case t.identity == identity{}:
		return t.files(), "check that the file system responds, and that the files are not named pipes without a writer"
	}
	return t.identity.label, "try again, or " + longer
}

// is reports whether err is or wraps an E.
func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// plain returns the SDK's text of an error on one line, without its request dump and without secrets. All SDK text in
// errors and logs comes from plain. It omits unreadable responses, the output of a credential_process, invalid URLs,
// and AWS messages that may contain credentials, because each of these may contain a secret.
func (t *try) plain(err error) string {
	process, isProcess := errors.AsType[processError](err)
	api, isAPI := errors.AsType[smithy.APIError](err)
	sent, isSent := errors.AsType[*url.Error](err)
	text := ""
	switch {
	case err == nil:
	case t.badURL(err):
		text = errBadURL.Error()
	case isProcess:
		text = process.Error()
	case isUnreadable(err):
		text = "the response could not be read"
	case is[*time.ParseError](err):
		text = "a time could not be parsed" // the text comes from a file with tokens and may be part of one
	case isAPI && t.isWithheld(api):
		text = fmt.Sprintf("%s (%s)", api.ErrorCode(), credentials.Withheld)
	case isAPI:
		text = api.ErrorCode() + ": " + api.ErrorMessage()
	case isSent:
		text = fmt.Sprintf("%s: %v", requestURL(err).Host, sent.Err)
	default:
		text = strings.TrimPrefix(err.Error(), "failed to refresh cached credentials, ")
	}
	return t.safe(text)
}

func isUnreadable(err error) bool { return is[*smithy.DeserializationError](err) }

// operation returns the innermost AWS call in err, since a call to ECR may need a call to STS first.
func operation(err error) (service, name string) {
	for {
		op, ok := errors.AsType[*smithy.OperationError](err)
		if !ok {
			return service, name
		}
		service, name, err = op.ServiceID, op.OperationName, op.Err
	}
}

// apiCode returns the AWS error code, or "" if err is not an AWS error. A response without a code, such as an HTML
// page with status 403, has none.
func apiCode(err error) string {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || isUnreadable(err) || api.ErrorCode() == "UnknownError" {
		return ""
	}
	return api.ErrorCode()
}

// response returns the HTTP response in err, or nil.
func response(err error) *http.Response {
	e, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || e.Response == nil {
		return nil
	}
	return e.Response.Response
}

func statusCode(err error) int {
	if resp := response(err); resp != nil {
		return resp.StatusCode
	}
	return 0
}

// skew returns how far the local clock is ahead of the server's clock: negative if it is behind, 0 if unknown.
func skew(err error) time.Duration {
	if resp := response(err); resp != nil {
		if theirs, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
			return time.Since(theirs).Round(time.Second)
		}
	}
	return 0
}
