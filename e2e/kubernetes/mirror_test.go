package kubernetes

import "testing"

// mirror runs an image of Docker Hub that containerd pulls from an Amazon ECR pull-through cache. The kubelet requests
// the password for docker.io, which is an alias in the helper's configuration.
func mirror(t *testing.T, c *cluster) {
	publish(t, c.aws, mirrorHost, "docker-hub/library/app")
	c.aws.ResetCalls()
	ns := c.newNamespace(t)
	ns.pod(t, "app", "app:1")
	ns.awaitRunning(t, "app")
	if n := tokenRequests(t, c.aws, mirrorHost); n != 1 {
		t.Errorf("AWS received %d token requests for %s, want 1", n, mirrorHost)
	}
}
