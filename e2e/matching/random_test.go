package matching

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestRandomPairs compares random patterns with hosts that are similar to matching ones.
func TestRandomPairs(t *testing.T) {
	const patterns, hostsEach = 20_000, 10
	r := rand.New(rand.NewPCG(1, 2)) // a fixed seed
	matched := 0
	for range patterns {
		host := randomHost(r)
		pattern := change(r, host, "*", "*", "**", "-")
		c := read(pattern)
		for c == nil {
			pattern = change(r, host, "*")
			c = read(pattern)
		}
		for range hostsEach {
			similar := change(r, host, "a", "b", "0", "-", ".", "")
			for !isHost(similar) {
				similar = change(r, host, "a")
			}
			if compare(t, c, similar) {
				matched++
			}
			if t.Failed() {
				return
			}
		}
	}
	t.Logf("%d of %d pairs match", matched, patterns*hostsEach)
	if least := patterns * hostsEach / 10; matched < least || matched > patterns*hostsEach-least {
		t.Error("fewer than 10 percent of the pairs match, or more than 90 percent")
	}
}

// ecrHosts are Amazon ECR hosts in each form.
var ecrHosts = []string{
	"123456789012.dkr.ecr.us-west-2.amazonaws.com", "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
	"210987654321.dkr.ecr.cn-north-1.amazonaws.com.cn", "210987654321.dkr-ecr.eu-central-1.on.aws", "public.ecr.aws",
}

// randomHost returns an Amazon ECR host, or a host of short labels from few letters, so that many hosts are similar.
func randomHost(r *rand.Rand) string {
	if r.IntN(2) == 0 {
		return ecrHosts[r.IntN(len(ecrHosts))]
	}
	labels := make([]string, 1+r.IntN(4))
	for i := range labels {
		var label strings.Builder
		for range 1 + r.IntN(5) {
			label.WriteByte("ab0-"[r.IntN(4)])
		}
		labels[i] = label.String()
	}
	host := strings.Join(labels, ".")
	if r.IntN(4) == 0 {
		host += []string{":443", ":5000", ":05000"}[r.IntN(3)]
	}
	return host
}

// change replaces up to three parts of text, each of at most four letters, by one of the texts by.
func change(r *rand.Rand, text string, by ...string) string {
	for range r.IntN(4) {
		from := r.IntN(len(text) + 1)
		to := min(len(text), from+r.IntN(5))
		text = text[:from] + by[r.IntN(len(by))] + text[to:]
	}
	return text
}
