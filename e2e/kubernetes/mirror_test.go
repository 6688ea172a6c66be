package kubernetes

import "testing"

// mirror runs an image of Docker Hub that containerd fetches from an ECR pull-through cache. Kubelet asks about docker.io,
// and the helper's configuration says what that stands for.
func mirror(t *testing.T, c *cluster) {
	publish(t, c.aws, mirrorHost, "docker-hub/library/app")
	c.aws.ResetCalls()
	ns := c.newNamespace(t)
	ns.pod(t, "app", "app:1")
	ns.awaitRunning(t, "app")
	if n := asked(t, c.aws, mirrorHost); n != 1 {
		t.Errorf("AWS was asked %d times for a password for %s, want once", n, mirrorHost)
	}
}
