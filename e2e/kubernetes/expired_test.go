package kubernetes

import (
	"net/http"
	"testing"
	"time"
)

// expired pulls again after the first token has expired. The kubelet must not use a token longer than it is valid.
func expired(t *testing.T, c *cluster) {
	c.aws.SetTokenLifetime(8 * time.Second)
	defer c.aws.SetTokenLifetime(12 * time.Hour)
	one, two := publish(t, c.aws, expiringHost, "one"), publish(t, c.aws, expiringHost, "two")
	c.aws.ResetCalls()
	ns := c.newNamespace(t)
	ns.pod(t, "one", one)
	ns.awaitRunning(t, "one")
	c.awaitExpiry(t, expiringHost)
	ns.pod(t, "two", two)
	ns.awaitRunning(t, "two")
	if n := tokenRequests(t, c.aws, expiringHost); n != 2 {
		t.Errorf("AWS received %d token requests, want 2", n)
	}
}

// awaitExpiry waits until the registry rejects a token issued now, and therefore all older ones.
func (c *cluster) awaitExpiry(t *testing.T, host string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+host+"/v2/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("AWS", c.aws.IssueToken(regionOf(t, host), false))
	deadline := time.After(conditionTimeout)
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		resp, err := c.aws.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusUnauthorized {
			return
		}
		select {
		case <-poll.C:
		case <-deadline:
			t.Fatal("the token does not expire")
		}
	}
}
