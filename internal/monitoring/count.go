package monitoring

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"ecrlogin/credentials"
	"ecrlogin/registry"
)

// Transport returns a transport that counts the requests to the Kubernetes API that it passes to next.
func (m *Monitor) Transport(next http.RoundTripper) http.RoundTripper { return &transport{next, m} }

type transport struct {
	next    http.RoundTripper
	monitor *Monitor
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	code := "error"
	if err == nil {
		code = strconv.Itoa(resp.StatusCode)
	}
	t.monitor.apiRequests.WithLabelValues(verb(r), code).Inc()
	return resp, err
}

// WrappedRoundTripper returns the transport inside, which client-go looks for.
func (t *transport) WrappedRoundTripper() http.RoundTripper { return t.next }

// verb returns the verb of a request as RBAC rules call it.
// Source: https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb
func verb(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		switch watch := r.URL.Query().Get("watch"); {
		case watch == "true" || watch == "1":
			return "watch"
		case isCollection(r.URL.Path):
			return "list"
		}
		return "get"
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	}
	return strings.ToLower(r.Method) // patch, delete
}

// isCollection reports whether a path is that of a collection, such as /api/v1/namespaces, and not of an object, such
// as /api/v1/namespaces/team-a or /apis/coordination.k8s.io/v1/namespaces/team-a/leases/x.
func isCollection(path string) bool {
	_, rest, core := strings.Cut(path, "/api/v1/")
	if !core {
		_, rest, _ = strings.Cut(path, "/apis/")
		_, rest, _ = strings.Cut(rest, "/") // the group
		_, rest, _ = strings.Cut(rest, "/") // the version
	}
	return rest != "" && strings.Count(strings.Trim(rest, "/"), "/")%2 == 0
}

// Source returns a Source that counts the requests that it passes to next. The label is that of the identity.
func (m *Monitor) Source(next credentials.Source, label string) credentials.Source {
	return &source{next, m, label}
}

type source struct {
	credentials.Source
	monitor *Monitor
	label   string
}

// Token implements credentials.Source. A request that ends with its context is not counted as a failure of AWS.
func (s *source) Token(ctx context.Context, r registry.Registry) (credentials.Token, error) {
	t, err := s.Source.Token(ctx, r)
	result := "success"
	if err != nil {
		result = "failure"
	}
	if err == nil || !errors.Is(ctx.Err(), context.Canceled) {
		s.monitor.tokenRequests.WithLabelValues(s.label, r.Region, result).Inc()
	}
	return t, err
}

// CacheKey returns the CacheKey of the Source inside, if it has one: see package cache.
func (s *source) CacheKey(r registry.Registry) string {
	if k, ok := s.Source.(interface {
		CacheKey(registry.Registry) string
	}); ok {
		return k.CacheKey(r)
	}
	return ""
}
