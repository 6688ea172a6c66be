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

// plain returns the SDK's text of an error on one line, without its request dump and without secrets. All SDK text in
// errors and logs comes from plain. It omits unreadable responses, the output of a credential_process, invalid URLs,
// and AWS messages that may contain credentials, because each of these may contain a secret.
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
		return "a time could not be parsed" // the text comes from a file with tokens and may be part of one
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

// operation returns the innermost AWS call in err, since a call to ECR may need a call to STS first.
func operation(err error) (service, name string) {
	for {
		var op *smithy.OperationError
		if !errors.As(err, &op) {
			return service, name
		}
		service, name, err = op.ServiceID, op.OperationName, op.Err
	}
}

// apiCode returns the AWS error code, or "" if err is not an AWS error. A response without a code, such as an HTML
// page with status 403, has none.
func apiCode(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) || isUnreadable(err) || api.ErrorCode() == "UnknownError" {
		return ""
	}
	return api.ErrorCode()
}

// response returns the HTTP response in err, or nil.
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

// skew returns how far the local clock is ahead of the server's clock; negative if it is behind.
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

// hostOf returns the host of the failed request in err, or "".
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
