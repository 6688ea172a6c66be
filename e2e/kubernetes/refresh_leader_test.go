package kubernetes

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// refreshLeaders stops the leader of two replicas ten times by SIGKILL and ten times by SIGTERM, in five releases at
// once. The time of a takeover ends when the other replica has written the Secret to a namespace that was created after
// the leader stopped.
func refreshLeaders(t *testing.T, r refreshRelease) {
	const releases, rounds = 5, 4
	const killLimit, termLimit = 12 * time.Second, 2 * time.Second
	var mu sync.Mutex
	var killed, terminated, exits []time.Duration
	t.Run("releases", func(t *testing.T) {
		for i := range releases {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				pair := startPair(t, r, fmt.Sprint("leader-", i))
				for round := range rounds {
					took, exit := pair.replaceLeader(t, round%2 == 0)
					mu.Lock()
					if round%2 == 0 {
						killed = append(killed, took)
					} else {
						terminated, exits = append(terminated, took), append(exits, exit)
					}
					mu.Unlock()
				}
			})
		}
	})
	if t.Failed() {
		return
	}
	t.Logf("takeover after SIGKILL: median %v, longest of %d %v (limit %v)", median(killed), len(killed),
		rounded(slices.Max(killed)), killLimit)
	t.Logf("takeover after SIGTERM: median %v, longest of %d %v (limit %v); longest exit %v (limit %v)", median(terminated),
		len(terminated), rounded(slices.Max(terminated)), termLimit, rounded(slices.Max(exits)), exitLimit)
	if slices.Max(killed) > killLimit || slices.Max(terminated) > termLimit || slices.Max(exits) > exitLimit {
		t.Error("a limit is exceeded")
	}
}

// A refreshPair is a release with two replicas and its own lease.
type refreshPair struct {
	release  refreshRelease
	name     string // of the namespace of the lease, and the prefix of the namespaces that it writes to
	aws      *awstest.Server
	leader   *refresher
	follower *refresher
	replicas int
}

func startPair(t *testing.T, r refreshRelease, name string) *refreshPair {
	t.Helper()
	installRefresh(t, r.controlPlane, "deployment-access-key.yaml", name) // for the role on the lease
	r.token = r.tokenOf(t, name, refreshProgram)
	p := &refreshPair{release: r, name: name, aws: awstest.New(t)}
	createNamespace(t, r.controlPlane, name+"-first")
	p.leader = p.start(t)
	p.leader.awaitStatus(t, "leading", func(s refreshStatus) bool { return s.Cluster.Leading && current(1)(s) })
	p.follower = p.start(t)
	return p
}

func (p *refreshPair) start(t *testing.T) *refresher {
	t.Helper()
	p.replicas++
	return p.release.start(t, refreshRun{
		aws: p.aws, config: refreshConfig("30m", p.name+"-*", firstHost),
		env: []string{"POD_NAMESPACE=" + p.name, fmt.Sprintf("POD_NAME=replica-%d", p.replicas)},
	})
}

// replaceLeader stops the leader and returns how long the other replica took to take over, and the leader to exit. It
// starts another replica after that.
func (p *refreshPair) replaceLeader(t *testing.T, kill bool) (took, exit time.Duration) {
	t.Helper()
	p.follower.awaitStatus(t, "ready to take over", func(s refreshStatus) bool {
		return s.Ready && s.Healthy && !s.Cluster.Leading && s.Cluster.Holder != "" && s.Targets[0].Places.Standby
	})
	p.follower.mustServe(t, "/metrics", 200, "\necr_token_refresh_leader 0\n")
	began := time.Now()
	if kill {
		p.leader.stop()
	} else {
		exit = p.leader.terminate(t)
	}
	name := fmt.Sprintf("%s-%d", p.name, p.replicas)
	createNamespace(t, p.release.controlPlane, name)
	mustBeValid(t, p.aws, p.release.awaitSecret(t, p.follower.log, name, anySecret), firstHost)
	took = time.Since(began)
	p.follower.awaitStatus(t, "leading", func(s refreshStatus) bool { return s.Cluster.Leading && s.Alive })
	p.follower.mustServe(t, "/metrics", 200, "\necr_token_refresh_leader 1\n")
	p.leader, p.follower = p.follower, p.start(t)
	return took, exit
}
