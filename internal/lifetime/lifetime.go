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
