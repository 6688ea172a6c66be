// Package lifetime computes until when a token may be returned to clients.
//
// It is separate from package credentials because a cache hit needs it before most of the program is initialized.
package lifetime

import "time"

// MaxClockSkew is the largest difference between the clocks of this machine and of AWS with which AWS accepts a
// signature. Some services accept fifteen minutes.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
const MaxClockSkew = 5 * time.Minute

// longestLife is the maximum lifetime of an ECR token. It limits the expiry, because issue and expiry times come from
// two different clocks.
const longestLife = 12 * time.Hour

// longestMargin is how long before its expiry a token is no longer returned. A client sends the token to the registry
// later, perhaps once per layer, and the clocks of this machine and of AWS may differ by some seconds.
const longestMargin = time.Minute

// End returns the time after which a token is no longer returned to clients: a minute before it expires or, if its
// lifetime is less than ten minutes, a tenth of its lifetime before it expires. The time issued is by this machine's
// clock, and zero if unknown; expiry is by AWS's clock.
func End(issued, expiry time.Time) time.Time {
	if issued.IsZero() {
		return expiry.Add(-longestMargin)
	}
	life := Of(issued, expiry)
	return issued.Add(life - min(longestMargin, life/10))
}

// Of returns how long a token is valid. It is at most 12 hours, also without an expiry. The time issued is not zero.
func Of(issued, expiry time.Time) time.Duration {
	if expiry.IsZero() {
		return longestLife
	}
	return min(expiry.Sub(issued), longestLife)
}

// A Start is when the life of a token began, by two clocks: the wall clock, which may be set, and the monotonic clock,
// which may stop while the machine is suspended.
type Start struct{ wall, monotonic time.Time }

// StartOf returns the start for the time issued. The time now is by the wall clock; the life begins then at the latest.
func StartOf(issued, now time.Time) Start {
	return Start{issued, time.Now().Add(min(0, issued.Sub(now)))}
}

// Now returns the time at which the token is as old as the older of the two clocks says: now, which is by the wall
// clock, or later.
func (s Start) Now(now time.Time) time.Time {
	if other := s.wall.Add(time.Since(s.monotonic)); other.After(now) {
		return other
	}
	return now
}
