// Package timelimit contains the time limit of a request for a password.
package timelimit

import "time"

// Variable is the environment variable that sets the limit.
const Variable = "ECR_LOGIN_TIMEOUT"

// Default is the limit if none is set. It is long enough for slow identity sources, such as SSO.
const Default = 15 * time.Second

// Parse parses a value of Variable. It returns Default for an empty value and, with ok false, for a value that is not a
// duration of at least one second.
func Parse(value string) (d time.Duration, ok bool) {
	if value == "" {
		return Default, true
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < time.Second {
		return Default, false
	}
	return d, true
}
