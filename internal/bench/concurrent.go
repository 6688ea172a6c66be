package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"ecrlogin/internal/awstest"
)

// rounds is the number of rounds. Each starts with a cold cache.
const rounds = 5

// concurrently runs the programs concurrently. It returns their answers, and the time from the first start to the last
// exit.
func concurrently(programs []*program) (answers []string, took time.Duration, err error) {
	answers = make([]string, len(programs))
	errs := make([]error, len(programs))
	began := time.Now()
	var all sync.WaitGroup
	for i, p := range programs {
		all.Go(func() { answers[i], _, errs[i] = p.run() })
	}
	all.Wait()
	took = time.Since(began)
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) > 0 {
		return nil, 0, fmt.Errorf("%d of %d concurrent processes failed; the first error: %w",
			len(errs), len(programs), errs[0])
	}
	return answers, took, nil
}

// oneHost measures 1,000 concurrent processes that request the same token, and the same number of baseline processes,
// in turns. It reports the median time of the rounds, and the worst value of the other figures.
func (b *bench) oneHost(t *table) error {
	const n = 1000
	b.cloud.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Delay: 200 * time.Millisecond})
	defer b.cloud.ClearFaults()
	baselines := slices.Repeat([]*program{b.baseline()}, n)
	var took, floorTook []time.Duration
	most, alike := 0, n
	for range rounds {
		p, err := b.static(b.helper)
		if err != nil {
			return err
		}
		b.cloud.ResetCalls()
		answers, d, err := concurrently(slices.Repeat([]*program{p}, n))
		if err != nil {
			return err
		}
		took = append(took, d)
		others := slices.DeleteFunc(slices.Clone(answers), func(a string) bool { return a == answers[0] })
		most, alike = max(most, len(b.cloud.Calls())), min(alike, n-len(others))
		if _, d, err = concurrently(baselines); err != nil {
			return err
		}
		floorTook = append(floorTook, d)
	}
	base := median(floorTook)
	t.add("1,000 concurrent processes, cold cache, AWS response in 200 ms",
		fmt.Sprintf("API calls: %d, equal answers: %d, time: %s", most, alike, seconds(median(took))),
		fmt.Sprintf("1, %d, ≤ %s (1.5 × baseline of %s + 0.2 s)", n, seconds(base*3/2+200*time.Millisecond), seconds(base)))
	return nil
}

// manyHosts measures 200 concurrent processes for 50 hosts of one region, with one identity. It reports the worst
// values of the rounds. A token counts as cached if the next get for its host returns the same token, and the helper
// lists it.
func (b *bench) manyHosts(t *table) error {
	const n, hosts = 200, 50
	most, least := 0, hosts
	for range rounds {
		home, err := b.newHome()
		if err != nil {
			return err
		}
		var programs []*program
		for i := range n {
			host := fmt.Sprintf("%012d.dkr.ecr.us-west-2.amazonaws.com", i%hosts)
			programs = append(programs, get(b.helper, host, b.environ(home, keys...)))
		}
		b.cloud.ResetCalls()
		answers, _, err := concurrently(programs)
		if err != nil {
			return err
		}
		most = max(most, len(b.cloud.Calls()))
		listed, err := b.listed(home)
		if err != nil {
			return err
		}
		kept := 0
		for i, p := range programs[:hosts] {
			again, _, err := p.run()
			if err != nil {
				return err
			}
			if again == answers[i] && slices.Contains(listed, p.stdin) {
				kept++
			}
		}
		least = min(least, kept)
	}
	t.add("200 concurrent processes for 50 hosts of a region, one identity, cold cache",
		fmt.Sprintf("API calls: %d, cached tokens: %d", most, least), "1, 50")
	return nil
}

// listed returns the hosts that "cache list" of the helper prints.
func (b *bench) listed(home string) (hosts []string, err error) {
	list := &program{path: b.helper, args: []string{"cache", "list", "--json"}, env: b.environ(home)}
	var entries []struct{ Host string }
	list.check = func(answer string) error { return json.Unmarshal([]byte(answer), &entries) }
	if _, _, err := list.run(); err != nil {
		return nil, err
	}
	for _, e := range entries {
		hosts = append(hosts, e.Host)
	}
	return hosts, nil
}
