package lifetime

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

var issued = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Machines that start together renew their tokens at different times: after 90 to 100 percent of half of their life,
// evenly distributed. The time is stable for a machine and a region.
func TestRenewal(t *testing.T) {
	const nodes = 10_000
	after := func(machine, region string) time.Duration {
		return renewal(issued, issued.Add(12*time.Hour), region, machine).Sub(issued)
	}
	var all []time.Duration
	perMinute := map[time.Duration]int{}
	for i := range nodes {
		d := after(fmt.Sprintf("ip-10-0-%d-%d.us-west-2.compute.internal", i/256, i%256), "us-west-2")
		all = append(all, d)
		perMinute[d/time.Minute]++
	}
	slices.Sort(all)
	if all[0] < 324*time.Minute || all[nodes-1] > 6*time.Hour || all[nodes-1]-all[0] < 35*time.Minute {
		t.Errorf("from %s to %s", all[0], all[nodes-1])
	}
	for minute, n := range perMinute {
		if n > nodes/36*5/4 {
			t.Errorf("%d of %d nodes renew in minute %d", n, nodes, minute)
		}
	}
	a := after("node-1", "us-west-2")
	if a != after("node-1", "us-west-2") || a == after("node-1", "eu-central-1") || a == after("node-2", "us-west-2") {
		t.Error("the time is not stable, or not different")
	}
	if d := after("", "us-west-2"); d != 6*time.Hour {
		t.Errorf("without a machine: %s, want 6h", d)
	}
}

// No renewal is later than half of a token's life, and times are whole seconds after the issue.
func TestRenewalIsNotLate(t *testing.T) {
	for _, life := range []time.Duration{0, time.Second, 61 * time.Second, time.Hour, 13 * time.Hour} {
		for i := range 100 {
			after := renewal(issued, issued.Add(life), "us-west-2", fmt.Sprint(i)).Sub(issued)
			if after > life/2 || after < life*45/100-time.Second || after%time.Second != 0 {
				t.Errorf("a token with a lifetime of %s is renewed after %s", life, after)
			}
		}
	}
	if got, want := Renewal(issued, issued.Add(time.Hour), "us-west-2"), renewal(issued, issued.Add(time.Hour), "us-west-2", machine()); !got.Equal(want) {
		t.Errorf("Renewal = %v, want %v", got, want)
	}
}
