package aws

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"ecrlogin/credentials"
)

// plain is the SDK's text for an error without its request dump, on one line and without a secret. All that an error or the log
// says in the SDK's words comes from here. Nothing is repeated of an answer that could not be read, which may have held a token, nor
// of what a credential_process printed, nor of a URL that cannot be parsed, nor of a message of AWS's that may contain credentials.
func (t *try) plain(err error) string {
	var api smithy.APIError
	var sent *url.Error
	var instant *time.ParseError
	switch {
	case badURL(err):
		return errBadURL.Error()
	case asProcess(err) != nil:
		return t.safe(asProcess(err).cause)
	case isUnreadable(err):
		return "the response could not be read"
	case errors.As(err, &instant):
		return "a time could not be parsed" // in a file with tokens, of which it may be another part
	case errors.As(err, &api) && t.isWithheld(api):
		return oneLine("%s (%s)", api.ErrorCode(), credentials.Withheld)
	case errors.As(err, &api):
		return oneLine("%s: %s", api.ErrorCode(), t.message(err))
	case errors.As(err, &sent):
		return t.safe(oneLine("%s: %v", hostOf(err), sent.Err))
	}
	return t.safe(strings.TrimPrefix(oneLine("%v", err), "failed to refresh cached credentials, "))
}

func asProcess(err error) *processError {
	var e *processError
	errors.As(err, &e)
	return e
}

func isUnreadable(err error) bool {
	var e *smithy.DeserializationError
	return errors.As(err, &e)
}

// operation returns the innermost AWS call behind err: asking ECR may have needed a role from STS first.
func operation(err error) (service, name string) {
	for {
		var op *smithy.OperationError
		if !errors.As(err, &op) {
			return service, name
		}
		service, name, err = op.ServiceID, op.OperationName, op.Err
	}
}

// apiCode returns AWS's own name for the error, or "" for an error that is not AWS's. An answer without a name, such as a
// web page with a status of 403, has none.
func apiCode(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) || isUnreadable(err) || api.ErrorCode() == "UnknownError" {
		return ""
	}
	return api.ErrorCode()
}

// response returns the HTTP answer that err came of, or nil.
func response(err error) *http.Response {
	var e *smithyhttp.ResponseError
	if !errors.As(err, &e) || e.Response == nil {
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

// skew returns by how much this machine's clock is ahead of the one that answered; negative when it is behind.
func skew(err error) (time.Duration, bool) {
	resp := response(err)
	if resp == nil {
		return 0, false
	}
	theirs, parseErr := http.ParseTime(resp.Header.Get("Date"))
	if parseErr != nil {
		return 0, false
	}
	return time.Since(theirs).Round(time.Second), true
}

// hostOf returns the host that a request could not be sent to, or "".
func hostOf(err error) string {
	var e *url.Error
	if !errors.As(err, &e) {
		return ""
	}
	u, parseErr := url.Parse(e.URL)
	if parseErr != nil {
		return ""
	}
	return u.Host
}
