package subprocess

import (
	"errors"
	"fmt"
)

var (
	// ErrDeadline reports that a child was killed because the deadline of its context passed.
	ErrDeadline = errors.New("did not finish in time")
	// ErrOutput reports that a child was killed because it printed more than allowed.
	ErrOutput = errors.New("printed too much output")
)

// A StartError reports that a child could not be started.
type StartError struct {
	Err error
}

func (e *StartError) Error() string { return fmt.Sprintf("cannot be run: %v", e.Err) }

// Unwrap returns the error from os/exec or the operating system.
func (e *StartError) Unwrap() error { return e.Err }

// A CanceledError reports that a child was killed because its context was canceled, or because this process received a
// termination signal.
type CanceledError struct {
	Cause error // context.Canceled, or an error that names the signal
}

func (e *CanceledError) Error() string { return fmt.Sprintf("was stopped: %v", e.Cause) }

// Unwrap returns the cause.
func (e *CanceledError) Unwrap() error { return e.Cause }

// A SignalError reports that a child was terminated by a signal that this process did not send.
type SignalError struct {
	Signal string // its name, such as "segmentation fault"
}

func (e *SignalError) Error() string { return fmt.Sprintf("was terminated by a signal (%s)", e.Signal) }
