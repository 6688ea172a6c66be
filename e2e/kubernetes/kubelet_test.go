package kubernetes

import (
	"strings"
	"testing"
)

// TestKubelet runs pods on the node of one cluster.
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
		{"configured", configured}, // comes last: it leaves kubelet changed
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, c) })
	}
	// So begin the passwords of ECR and the tokens of service accounts.
	lines, _ := c.node.log.since(0)
	for _, line := range lines {
		if strings.Contains(line, "eyJ") {
			t.Error("kubelet's log has a secret")
		}
	}
}
