package kubernetes

import (
	"context"
	"errors"
	"net"
	"net/url"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/oneline"
)

// explain describes in one line why a request failed. The verb and the resource are those of RBAC. It returns nil for a
// nil error.
func explain(verb, resource string, err error) error {
	if explained := (*requestError)(nil); err == nil || errors.As(err, &explained) {
		return err
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		format, cause := "%s %s: %s", err
		if u, ok := errors.AsType[*url.Error](err); ok {
			format, cause = "%s %s: API server is unavailable: %s", u.Err // without the URL
		}
		return &requestError{advice.Errorf(format, verb, resource, oneline.Text(cause.Error())), err}
	}
	message := oneline.Text(err.Error())
	line := advice.Errorf("%s %s: %s", verb, resource, message)
	switch code := status.Status().Code; {
	case apierrors.IsForbidden(err):
		line = line.Then("grant the verb %s on %s with RBAC", verb, resource)
	case apierrors.IsUnauthorized(err):
		line = advice.Errorf("%s %s: API server rejected the identity: %s", verb, resource, message).
			Then("check the service account token or the kubeconfig file")
	case code == 429:
		line = advice.Errorf("%s %s: API server is overloaded: %s", verb, resource, message)
	case code >= 500:
		line = advice.Errorf("%s %s: API server is unavailable: %s", verb, resource, message)
	}
	return &requestError{line, err}
}

// A requestError is a line for users that wraps the error of client-go.
type requestError struct {
	line  *advice.Error
	cause error
}

func (e *requestError) Error() string   { return e.line.Error() }
func (e *requestError) Unwrap() []error { return []error{e.line, e.cause} }

// unavailable reports an error that does not depend on the request: no connection, no answer, or an overload.
func unavailable(err error) bool {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		code := status.Status().Code
		return code == 429 || code >= 500
	}
	var network net.Error
	var u *url.Error
	return errors.As(err, &network) || errors.As(err, &u) || errors.Is(err, context.DeadlineExceeded)
}
