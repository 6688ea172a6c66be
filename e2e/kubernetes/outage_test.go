package kubernetes

import (
	"testing"

	"ecrlogin/internal/awstest"
)

// outage restarts the kubelet, which clears its passwords, while AWS is unavailable. Pods start with the cached token
// of the helper.
func outage(t *testing.T, c *cluster) {
	one, two := publish(t, c.aws, cachedHost, "one"), publish(t, c.aws, cachedHost, "two")
	ns := c.newNamespace(t)
	ns.pod(t, "one", one)
	before := ns.awaitRunning(t, "one")

	c.aws.Inject(awstest.Fault{Status: 503})
	defer c.aws.ClearFaults()
	c.aws.ResetCalls()
	c.node.restartKubelet(t)
	start := c.node.log.length()
	ns.pod(t, "two", two)
	ns.awaitRunning(t, "two")
	if n := c.node.helperRuns(start, cachedHost); n != 1 {
		t.Errorf("the kubelet ran the helper %d times, want 1", n)
	}
	if calls := c.aws.Calls(); len(calls) > 0 {
		t.Errorf("AWS received %v, want no requests", calls)
	}
	if after := ns.awaitRunning(t, "one"); after != before {
		t.Errorf("the first pod's container changed from %s to %s", before, after)
	}
}
