package matching

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestRandomPairs compares patterns with hosts that are near to what they match.
func TestRandomPairs(t *testing.T) {
	const patterns, hostsEach = 20_000, 10
	r := rand.New(rand.NewPCG(1, 2)) // the same ones each time
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
			near := change(r, host, "a", "b", "0", "-", ".", "")
			for !isHost(near) {
				near = change(r, host, "a")
			}
			if compare(t, c, near) {
				matched++
			}
			if t.Failed() {
				return
			}
		}
	}
	t.Logf("%d of %d pairs match", matched, patterns*hostsEach)
	if least := patterns * hostsEach / 10; matched < least || matched > patterns*hostsEach-least {
		t.Error("these pairs tell little")
	}
}

// ecrHosts are hosts of ECR of each form.
var ecrHosts = []string{
	"123456789012.dkr.ecr.us-west-2.amazonaws.com", "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
	"210987654321.dkr.ecr.cn-north-1.amazonaws.com.cn", "210987654321.dkr-ecr.eu-central-1.on.aws", "public.ecr.aws",
}

// randomHost returns a host of ECR, or another of short labels over few letters, which are alike often.
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

// change replaces up to three parts of a text, each of up to four letters or none.
func change(r *rand.Rand, text string, by ...string) string {
	for range r.IntN(4) {
		from := r.IntN(len(text) + 1)
		to := min(len(text), from+r.IntN(5))
		text = text[:from] + by[r.IntN(len(by))] + text[to:]
	}
	return text
}
