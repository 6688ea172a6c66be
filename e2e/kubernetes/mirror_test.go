package kubernetes

import "testing"

// mirror runs images of Docker Hub and Quay that containerd pulls from Amazon ECR pull-through caches. The kubelet
// requests the password for docker.io and quay.io, which are aliases in the helper's configurations. The cache of Docker
// Hub was configured with "configure containerd". An image that is missing there is not requested from Docker Hub, which
// would get the password.
func mirror(t *testing.T, c *cluster) {
	publish(t, c.aws, mirrorHost, "docker-hub/library/app")
	publish(t, c.aws, mirrorHost, "quay/team/app")
	publish(t, c.aws, mirrorHost, "library/missing") // without the prefix, not the image of Docker Hub
	c.aws.ResetCalls()
	ns := c.newNamespace(t)
	ns.pod(t, "app", "app:1")
	ns.pod(t, "quay", "quay.io/team/app:1")
	ns.awaitRunning(t, "app")
	ns.awaitRunning(t, "quay")
	if n := tokenRequests(t, c.aws, mirrorHost); n != 1 {
		t.Errorf("AWS received %d token requests for %s, want 1", n, mirrorHost)
	}
	ns.pod(t, "missing", "missing:1")
	ns.mustFailWith(t, "missing", "docker.io/library/missing:1: not found")
}
