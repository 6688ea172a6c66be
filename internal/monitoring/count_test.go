package monitoring_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"ecrlogin/credentials"
	"ecrlogin/internal/monitoring"
	"ecrlogin/registry"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type sourceFunc func() (credentials.Token, error)

func (f sourceFunc) Token(context.Context, registry.Registry) (credentials.Token, error) { return f() }

// countRequests sends one request of each kind via the transport and the source of a Monitor.
func countRequests(t *testing.T, m *monitoring.Monitor) {
	t.Helper()
	code, fail := 200, errors.New("connection refused")
	var err error
	transport := m.Transport(roundTripper(func(*http.Request) (*http.Response, error) {
		if err != nil {
			return nil, err
		}
		return &http.Response{StatusCode: code, Body: http.NoBody}, nil
	}))
	send := func(method, path string) {
		t.Helper()
		r, reqErr := http.NewRequestWithContext(t.Context(), method, "https://10.96.0.1"+path, nil)
		if reqErr != nil {
			t.Fatal(reqErr)
		}
		if resp, err := transport.RoundTrip(r); err == nil {
			_ = resp.Body.Close()
		}
	}
	send("GET", "/api/v1/namespaces?limit=500")
	send("GET", "/api/v1/namespaces?watch=true")
	send("GET", "/api/v1/namespaces/team-a")
	send("GET", "/api/v1/namespaces/team-a/serviceaccounts")
	send("GET", "/apis/coordination.k8s.io/v1/namespaces/team-a/leases/ecr-token-refresh")
	send("PUT", "/apis/coordination.k8s.io/v1/namespaces/team-a/leases/ecr-token-refresh")
	send("POST", "/apis/coordination.k8s.io/v1/namespaces/team-a/leases")
	send("PATCH", "/api/v1/namespaces/team-a/secrets/regcred")
	code = 403
	send("PATCH", "/api/v1/namespaces/team-b/secrets/regcred")
	err = fail
	send("DELETE", "/api/v1/namespaces/team-b/secrets/regcred")

	r := login(t, "123456789012.dkr.ecr.us-west-2.amazonaws.com").Registry
	for _, err := range []error{nil, fail, fail} {
		source := m.Source(sourceFunc(func() (credentials.Token, error) { return credentials.Token{}, err }), "default")
		if _, got := source.Token(t.Context(), r); !errors.Is(got, err) {
			t.Errorf("got %v, want %v", got, err)
		}
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	canceled := sourceFunc(func() (credentials.Token, error) { return credentials.Token{}, stopped.Err() })
	source := m.Source(canceled, "default")
	_, _ = source.Token(stopped, r) // not counted
}
