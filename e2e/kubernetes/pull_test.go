package kubernetes

import (
	"io"
	"log"
	"net"
	"net/http"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"

	"ecrlogin/internal/awstest"
)

// pull runs images of two accounts and regions, and one of a registry that is not Amazon ECR, without image pull
// secrets.
func pull(t *testing.T, c *cluster) {
	startPlainRegistry(t)
	first, second, plain := publish(t, c.aws, firstHost, "app"), publish(t, c.aws, secondHost, "app"), plainHost+"/app:1"
	push(t, plain)
	c.aws.ResetCalls()
	ns := c.newNamespace(t)
	ns.pod(t, "first", first)
	ns.pod(t, "second", second)
	ns.pod(t, "plain", plain)
	for _, name := range []string{"first", "second", "plain"} {
		ns.awaitRunning(t, name)
	}
	for _, host := range []string{firstHost, secondHost} {
		if n := tokenRequests(t, c.aws, host); n != 1 {
			t.Errorf("AWS received %d token requests for %s, want 1", n, host)
		}
	}
	if n := len(c.aws.Calls()); n != 2 {
		t.Errorf("AWS received %d requests, want 2", n)
	}
}

// tokenRequests returns the number of token requests in the region of host.
func tokenRequests(t *testing.T, aws *awstest.Server, host string) int {
	t.Helper()
	n, region := 0, regionOf(t, host)
	for _, call := range aws.Calls() {
		if call.Op == awstest.GetAuthorizationToken && call.Region == region {
			n++
		}
	}
	return n
}

func startPlainRegistry(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", plainHost)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: registry.New(registry.Logger(log.New(io.Discard, "", 0)))}
	go func() { _ = server.Serve(listener) }() // until Close
	t.Cleanup(func() { server.Close() })
}
