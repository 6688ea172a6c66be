// Package timelimit contains the time limit of a request for a password.
package timelimit

import "time"

// Variable is the environment variable that sets the limit.
const Variable = "ECR_LOGIN_TIMEOUT"

// Default is the limit if none is set. It is long enough for slow identity sources, such as SSO.
const Default = 15 * time.Second

// Reserve is the part of the limit that is kept for starting the program and reporting an error, so that the process
// ends within the limit.
const Reserve = 300 * time.Millisecond

// Choose returns the limit for a value of Variable and the limit in the configuration, which is 0 if not set. The
// variable takes precedence. ok is false, and the variable has no effect, if it is not a duration of at least one
// second.
func Choose(value string, configured time.Duration) (d time.Duration, ok bool) {
	d, err := time.ParseDuration(value)
	ok = err == nil && d >= time.Second
	switch {
	case ok:
		return d, true
	case configured != 0:
		return configured, value == ""
	}
	return Default, value == ""
}

// slots is the number of equal parts of the time between the start of a process and its deadline. A process that waits
// for others, which request the same token, waits for another lock in each slot.
const slots = 3

// SlotEnd returns the end of a slot; the first one is 0.
func SlotEnd(began, deadline time.Time, slot int) time.Time {
	return began.Add(deadline.Sub(began) / slots * time.Duration(slot+1))
}
