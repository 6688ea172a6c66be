package kubernetes

import (
	"fmt"
	"testing"
)

// many starts twenty pods at once with an image each, first of one service account and then of twenty. Kubelet runs the helper
// more than once where it may not hand one pod's password to another; AWS is asked once in any case.
func many(t *testing.T, c *cluster) {
	for _, tt := range []struct {
		name, host string
		accounts   int
	}{
		{"oneAccount", busyHost, 1},
		{"manyAccounts", busyPodsHost, manyPods},
	} {
		t.Run(tt.name, func(t *testing.T) { manyOf(t, c, tt.host, tt.accounts) })
	}
}

// manyPods is how many pods start at once.
const manyPods = 20

func manyOf(t *testing.T, c *cluster, host string, accounts int) {
	ns := c.newNamespace(t)
	ns.allowAudience(t)
	for i := range accounts {
		ns.serviceAccount(t, fmt.Sprintf("account-%d", i), nil)
	}
	var images []string
	for i := range manyPods {
		images = append(images, publish(t, c.aws, host, fmt.Sprintf("app-%d", i)))
	}
	c.aws.ResetCalls()
	said := c.node.log.said()
	for i, image := range images {
		ns.podOf(t, fmt.Sprintf("account-%d", i%accounts), fmt.Sprintf("app-%d", i), image)
	}
	for i := range manyPods {
		ns.awaitRunning(t, fmt.Sprintf("app-%d", i))
	}
	runs, calls := c.node.asked(said, host), asked(t, c.aws, host)
	if runs < accounts || calls != 1 || len(c.aws.Calls()) != 1 {
		t.Errorf("kubelet ran the helper %d times, and AWS was asked %d times, want once", runs, calls)
	}
	t.Logf("%d pods at once, service accounts: %d, runs of the helper: %d, calls of AWS: %d", manyPods, accounts, runs, calls)
}
