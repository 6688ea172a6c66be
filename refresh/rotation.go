package refresh

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/lifetime"
)

// maxJitter is the longest jitter of a rotation, as a part of half of a token's life.
const maxJitter = 0.1

// Rotation returns when a token is replaced: after half of its life, or earlier by up to 10 % of that half. The jitter
// is from 0 (not earlier) to 1.
func Rotation(t credentials.Token, jitter float64) time.Time {
	half := float64(lifetime.Of(t.Issued, t.Expiry) / 2)
	return t.Issued.Add(time.Duration(half * (1 - maxJitter*jitter)))
}

// Jitter returns a number from 0 to 1 that differs between clusters and between replicas, and never changes for one of
// them. With it, not all of them call AWS at the same time.
func Jitter(cluster, replica string) float64 {
	sum := sha256.Sum256([]byte(cluster + "\x00" + replica))
	return float64(binary.BigEndian.Uint32(sum[:])) / math.MaxUint32
}
