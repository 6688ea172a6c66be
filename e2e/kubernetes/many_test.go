package kubernetes

import (
	"fmt"
	"testing"
)

// many starts twenty pods with different images at once, first with one service account and then with twenty. The
// the kubelet runs the helper at least once for each service account. AWS receives one token request.
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

// manyPods is the number of pods that start at once.
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
	start := c.node.log.length()
	for i, image := range images {
		ns.podOf(t, fmt.Sprintf("account-%d", i%accounts), fmt.Sprintf("app-%d", i), image)
	}
	for i := range manyPods {
		ns.awaitRunning(t, fmt.Sprintf("app-%d", i))
	}
	runs, calls := c.node.helperRuns(start, host), tokenRequests(t, c.aws, host)
	if runs < accounts || calls != 1 || len(c.aws.Calls()) != 1 {
		t.Errorf("the kubelet ran the helper %d times, and AWS received %d token requests, want 1", runs, calls)
	}
	t.Logf("concurrent pods: %d, service accounts: %d, runs of the helper: %d, AWS calls: %d", manyPods, accounts, runs, calls)
}
