package kubernetes

import "testing"

// TestRefresh runs the program ecr-token-refresh on a cluster with a node, with the permissions that
// deploy/kubernetes/deployment-access-key.yaml grants.
func TestRefresh(t *testing.T) {
	c := startCluster(t)
	r := installRefresh(t, c.plane, "deployment-access-key.yaml", refreshProgram)
	// These measure, so that nothing else runs.
	t.Run("start", func(t *testing.T) { refreshStart(t, r) })
	t.Run("latency", func(t *testing.T) { refreshLatency(t, r) })
	t.Run("scale", func(t *testing.T) { refreshScale(t, r) })
	t.Run("cronJob", func(t *testing.T) { refreshCronJob(t, r) })
	// Scenario 4 takes five minutes, in which the other tests run.
	scenario := startScenario(t, c, r)
	t.Run("faults", func(t *testing.T) {
		for name, test := range map[string]func(*testing.T, refreshRelease){
			"takeover": refreshLeaders,
			"reader":   refreshReader,
			"cut":      refreshCut,
			"awsDown":  refreshAWSDown,
			"denied":   refreshDenied,
			"deleted":  refreshDeleted,
			"foreign":  refreshForeign,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, r)
			})
		}
	})
	t.Run("scenario", scenario.finish)
	t.Run("apiServerDown", func(t *testing.T) { refreshAPIServerDown(t, r) })
}
