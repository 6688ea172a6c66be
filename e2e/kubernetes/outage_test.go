package kubernetes

import (
	"testing"

	"ecrlogin/internal/awstest"
)

// outage restarts kubelet, which forgets all passwords, while AWS is down: pods start with what the helper has kept.
func outage(t *testing.T, c *cluster) {
	one, two := publish(t, c.aws, keptHost, "one"), publish(t, c.aws, keptHost, "two")
	ns := c.newNamespace(t)
	ns.pod(t, "one", one)
	before := ns.awaitRunning(t, "one")

	c.aws.Inject(awstest.Fault{Status: 503})
	defer c.aws.ClearFaults()
	c.aws.ResetCalls()
	c.node.restartKubelet(t)
	said := c.node.log.said()
	ns.pod(t, "two", two)
	ns.awaitRunning(t, "two")
	if n := c.node.asked(said, keptHost); n != 1 {
		t.Errorf("kubelet ran the helper %d times, want once", n)
	}
	if calls := c.aws.Calls(); len(calls) > 0 {
		t.Errorf("AWS was called: %v", calls)
	}
	if after := ns.awaitRunning(t, "one"); after != before {
		t.Errorf("the first pod's container was %s and is %s", before, after)
	}
}
