package kubernetes

import (
	"strings"
	"testing"
)

// TestKubelet runs pods on the node of a cluster.
func TestKubelet(t *testing.T) {
	c := startCluster(t)
	for _, tt := range []struct {
		name string
		run  func(*testing.T, *cluster)
	}{
		{"pull", pull},
		{"mirror", mirror},
		{"expired", expired},
		{"outage", outage},
		{"denied", denied},
		{"podRole", podRole},
		{"podRoleDenied", podRoleDenied},
		{"podRoleMissing", podRoleMissing},
		{"audienceDenied", audienceDenied},
		{"many", many},
		{"sidecar", sidecar},
		{"initContainer", initContainer},
		{"configured", configured}, // must be last, because it changes the flags of the kubelet
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, c) })
	}
	// Passwords of Amazon ECR and tokens of service accounts start with this text.
	lines, _ := c.node.log.since(0)
	for _, line := range lines {
		if strings.Contains(line, "eyJ") {
			t.Error("the kubelet's log contains a secret")
		}
	}
}
