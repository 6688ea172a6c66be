// Package check runs checks, prints their results, and contains the checks that "doctor" and "doctor --kubelet" share.
//
// The checks request new tokens and return no secrets: a Result contains no password and no key. They change nothing,
// except for files in the cache directory that are removed again.
package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
	"ecrlogin/internal/advice"
	"ecrlogin/internal/oneline"
	"ecrlogin/internal/program"
)

// Example is a registry host for messages.
const Example = "123456789012.dkr.ecr.us-west-2.amazonaws.com"

// A Status is the outcome of a check.
type Status string

// The outcomes of a check.
const (
	StatusOK      Status = "ok"
	StatusFailed  Status = "failed"
	StatusSkipped Status = "skipped" // not applicable, or requires a check that failed
)

// A Result is the result of one check. Run sets Name, OK and Took.
type Result struct {
	Name   string `json:"name"` // one word that identifies the check
	OK     bool   `json:"ok"`   // whether Status is not StatusFailed
	Status Status `json:"status"`
	Took   int64  `json:"took"`           // in milliseconds
	Found  string `json:"found"`          // the finding, in one line
	Next   string `json:"next,omitempty"` // the next step; never "" if Status is StatusFailed
}

// OK returns the result of a check that succeeded.
func OK(format string, args ...any) Result {
	return Result{Status: StatusOK, Found: fmt.Sprintf(format, args...)}
}

// Failed returns the result of a check that failed. Add the next step with Then.
func Failed(format string, args ...any) Result {
	return Result{Status: StatusFailed, Found: fmt.Sprintf(format, args...)}
}

// Skipped returns the result of a check that was skipped.
func Skipped(format string, args ...any) Result {
	return Result{Status: StatusSkipped, Found: fmt.Sprintf(format, args...)}
}

// Error returns the result of a check that failed with an error, with its next step if it has one.
func Error(err error) Result {
	cause, next := advice.Of(err)
	var failure *credentials.Error
	switch {
	case errors.As(err, &failure):
		cause, next = failure.Cause, failure.Next
	case errors.As(err, new(*url.Error)):
		cause, next = aws.NetworkAdvice(err)
	}
	return Result{Status: StatusFailed, Found: cause, Next: next}
}

// Then returns the result with a next step.
func (r Result) Then(format string, args ...any) Result {
	r.Next = fmt.Sprintf(format, args...)
	return r
}

// Otherwise is like Then, for a result of a failed check that has no next step yet.
func (r Result) Otherwise(format string, args ...any) Result {
	if r.Status == StatusFailed && r.Next == "" {
		return r.Then(format, args...)
	}
	return r
}

// A Step is a check to run.
type Step struct {
	Name  string
	Needs []string // names of earlier checks; it is skipped if one of them failed
	Check func(context.Context) Result
}

// Run runs checks one after another, each with the time limit Timeout, when the iterator requests it. The default next
// step is to run doctor again with a log.
func (p *Pull) Run(ctx context.Context, steps []Step) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		culprits := map[string]string{} // by name: the failed check that is the reason, possibly itself
		for _, s := range steps {
			began, culprit := time.Now(), ""
			for _, need := range s.Needs {
				culprit = cmp.Or(culprit, culprits[need])
			}
			r := Skipped("skipped (%s failed)", culprit)
			if culprit == "" {
				ctx, cancel := context.WithTimeout(ctx, p.Timeout)
				r = s.Check(ctx).Otherwise("ECR_LOGIN_LOG=debug %s doctor %s", program.Command, p.Address)
				cancel()
			}
			if r.OK = r.Status != StatusFailed; !r.OK {
				culprit = s.Name
			}
			culprits[s.Name] = culprit
			r.Name, r.Took = s.Name, time.Since(began).Milliseconds()
			r.Found, r.Next = oneline.Clean(r.Found), strings.TrimPrefix(oneline.Clean(r.Next), "run: ")
			if !yield(r) {
				return
			}
		}
	}
}
