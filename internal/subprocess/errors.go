package subprocess

import (
	"errors"
	"fmt"
)

// The reasons why a child did not run, or did not exit by itself.
var (
	ErrStart    = errors.New("cannot be run")              // wrapped together with the error of os/exec or the system
	ErrDeadline = errors.New("did not finish in time")     // the deadline of its context passed
	ErrOutput   = errors.New("printed too much output")    // it printed more than MaxOutput
	ErrSignal   = errors.New("was terminated by a signal") // one that this process did not send; the error names it
)

// A CanceledError reports that a child was killed because its context was canceled, or because this process received a
// termination signal.
type CanceledError struct {
	Cause error // context.Canceled, or an error that names the signal
}

func (e *CanceledError) Error() string { return fmt.Sprintf("was stopped: %v", e.Cause) }

// Unwrap returns the cause.
func (e *CanceledError) Unwrap() error { return e.Cause }
