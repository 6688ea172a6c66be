package kubernetes

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"ecrlogin/internal/awstest"
	"ecrlogin/refresh/kubernetes/secret"
)

// TestDeadConnection tests with real connections that a connection that breaks without a packet is noticed and replaced
// within 5 s.
func TestDeadConnection(t *testing.T) {
	t.Parallel()
	api := newFakeServer("a")
	server := httptest.NewUnstartedServer(api)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	link := awstest.NewLink(t, server.Listener.Addr().String(), 0)
	f := newFixture(t, api, Options{Config: &rest.Config{
		Host: "https://" + link.Address,
		TLSClientConfig: rest.TLSClientConfig{
			CAData: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
		},
		WrapTransport: func(base http.RoundTripper) http.RoundTripper { return struct{ http.RoundTripper }{base} }, // for metrics
	}})
	s := f.secret(secret.Rule{})
	f.run(s)
	f.apply(s)
	link.Hang()
	began := time.Now()
	api.create("b", nil)
	for api.written() != "a/regcred b/regcred" {
		if time.Since(began) > 20*time.Second {
			t.Fatalf("the new namespace has no Secret: %s", api.written())
		}
		time.Sleep(20 * time.Millisecond)
	}
	took := time.Since(began)
	t.Logf("noticed after %v", took.Round(10*time.Millisecond))
	if took > 5*time.Second {
		t.Errorf("noticed after %v", took)
	}
}
