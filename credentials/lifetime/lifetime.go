// Package lifetime decides until when a token may be handed out.
//
// It is apart from package credentials because a cache hit needs it before most of the program is initialized.
package lifetime

import "time"

// longestLife is how long AWS lets a token live. It bounds what is believed of an expiry, because issue and expiry are read from two
// clocks.
const longestLife = 12 * time.Hour

// longestMargin is how long before its expiry a token is no longer handed out. A client sends it to the registry only after it
// was given it, perhaps once for each layer; and the clocks of this machine and of AWS may differ by some seconds.
const longestMargin = time.Minute

// End returns when a token that was issued at a time by this machine's clock, and expires at another by AWS's, stops being handed
// out: a minute before it expires, or, if it lives for less than ten minutes, a tenth of its lifetime before that. A zero issued is
// an unknown time.
func End(issued, expiry time.Time) time.Time {
	if issued.IsZero() {
		return expiry.Add(-longestMargin)
	}
	if latest := issued.Add(longestLife); expiry.After(latest) {
		expiry = latest
	}
	return expiry.Add(-min(longestMargin, expiry.Sub(issued)/10))
}
