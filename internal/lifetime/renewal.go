package lifetime

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"os"
	"time"
)

// maxJitter is the longest jitter of a renewal, as a part of half of a token's life.
const maxJitter = 0.1

// Half returns when half of a token's life has passed, or earlier by up to 10 % of that half. The jitter is from 0 (not
// earlier) to 1.
func Half(issued, expiry time.Time, jitter float64) time.Time {
	return issued.Add(shorten(Of(issued, expiry)/2, jitter))
}

func shorten(half time.Duration, jitter float64) time.Duration {
	return time.Duration(float64(half) * (1 - maxJitter*jitter))
}

// Jitter returns a number from 0 to 1 that is stable for two names, such as those of a group and of one of its members.
// With it, not all members call AWS at the same time.
func Jitter(group, member string) float64 {
	sum := sha256.Sum256([]byte(group + "\x00" + member))
	return float64(binary.BigEndian.Uint32(sum[:])) / math.MaxUint32
}

// Renewal returns when a cached token of a region is renewed: Half with a jitter that is stable for this machine and
// the region, in whole seconds. Machines that start together do not renew their tokens together. The host name
// identifies the machine: unlike /etc/machine-id, it requires no file to be read for each hit, and clones of a virtual
// machine do not share it. Without a host name, the jitter is 0.
func Renewal(issued, expiry time.Time, region string) time.Time {
	return renewal(issued, expiry, region, machine())
}

func renewal(issued, expiry time.Time, region, machine string) time.Time {
	jitter := 0.0
	if machine != "" {
		jitter = Jitter(region, machine)
	}
	return issued.Add(shorten(expiry.Sub(issued)/2, jitter).Truncate(time.Second))
}

// machine returns the host name, or "" if it is unknown.
func machine() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return name
}
