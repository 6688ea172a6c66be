package main

import (
	"fmt"
	"os/exec"
	"strings"
	"time"

	"ecrlogin/internal/awstest"
)

// shortLife is the lifetime of the tokens of stoppedLeader. Half of it is longer than the minute after which a renewal
// does not leave the token to a process that does not answer.
const shortLife = 130 * time.Second

// stoppedLeader measures gets while the process that requests the token is stopped, and the renewal of the token that
// they get, with that process still stopped.
func (b *bench) stoppedLeader(t *table) error {
	const n = 20
	const gets = "gets at the same time, leader stopped by SIGSTOP: API calls without the leader's, time until all are served"
	if !stoppable {
		t.add(fmt.Sprintf("%d %s", n, gets), "not measured, because this requires Unix", "")
		return nil
	}
	b.cloud.SetTokenLifetime(shortLife)
	defer b.cloud.SetTokenLifetime(12 * time.Hour)
	p, err := b.static(b.helper)
	if err != nil {
		return err
	}
	leader, err := b.stopLeader(p)
	if err != nil {
		return err
	}
	defer func() {
		_ = leader.Process.Kill()
		_ = leader.Wait() // an error, because it was killed
	}()
	b.cloud.ResetCalls()
	ends := crowd{size: n}.run(p)
	served, last := 0, time.Duration(0)
	for _, e := range ends {
		if e.err == nil {
			served++
		}
		last = max(last, e.ended)
	}
	measured := fmt.Sprintf("%d, %s", b.cloud.Count(awstest.GetAuthorizationToken), seconds(last))
	if served < n {
		measured += fmt.Sprintf("; only %d were served", served)
	}
	t.add(fmt.Sprintf("%d %s", n, gets), measured, "")
	return b.renewal(t, p)
}

// stopLeader starts a program that holds the lock of its token, and stops it when its request has arrived. The request
// never gets a response.
func (b *bench) stopLeader(p *program) (*exec.Cmd, error) {
	b.cloud.ResetCalls()
	b.cloud.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Hang: true, Times: 1})
	defer b.cloud.ClearFaults()
	leader := exec.Command(p.path, p.args...)
	leader.Env, leader.Stdin = p.env, strings.NewReader(p.stdin)
	if err := leader.Start(); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(10 * time.Second)
	for b.cloud.Count(awstest.GetAuthorizationToken) == 0 {
		time.Sleep(time.Millisecond)
		if time.Now().After(deadline) {
			_ = leader.Process.Kill()
			return nil, fmt.Errorf("%s has not called the API within 10 seconds: %w", p.path, leader.Wait())
		}
	}
	return leader, stop(leader.Process)
}

// renewal measures a get after half of the life of the token that p has got.
func (b *bench) renewal(t *table, p *program) error {
	before, _, err := p.run()
	if err != nil {
		return err
	}
	time.Sleep(shortLife/2 + time.Second)
	b.cloud.ResetCalls()
	after, took, err := p.run()
	if err != nil {
		return err
	}
	measured := "not renewed"
	if after != before {
		measured = "renewed"
	}
	t.add("get after half of the life of the token, leader stopped for more than a minute",
		fmt.Sprintf("%s, API calls: %d, %s", measured, b.cloud.Count(awstest.GetAuthorizationToken), seconds(took)),
		"renewed, API calls: 1")
	return nil
}
