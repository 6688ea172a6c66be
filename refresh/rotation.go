package refresh

import (
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/lifetime"
)

// Rotation returns when a token is replaced: after half of its life, or earlier by up to 10 % of that half. The jitter
// is from 0 (not earlier) to 1.
func Rotation(t credentials.Token, jitter float64) time.Time {
	return lifetime.Half(t.Issued, t.Expiry, jitter)
}

// Jitter returns a number from 0 to 1 that differs between clusters and between replicas, and never changes for one of
// them. With it, not all of them call AWS at the same time.
func Jitter(cluster, replica string) float64 {
	return lifetime.Jitter(cluster, replica)
}
