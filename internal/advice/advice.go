// Package advice attaches a next step to an error: what the user can do about it.
//
// It imports little, because the fast path does: see package fastpath.
package advice

import (
	"errors"
	"fmt"
	"strings"
)

// An Error is a cause and a next step, printed as one line, "CAUSE; NEXT STEP".
type Error struct {
	cause error
	next  string
}

// Errorf returns an Error with a cause, as fmt.Errorf formats it, and without a next step.
func Errorf(format string, args ...any) *Error { return &Error{cause: fmt.Errorf(format, args...)} }

// Then returns the error with a next step.
func (e *Error) Then(format string, args ...any) *Error {
	return &Error{e.cause, fmt.Sprintf(format, args...)}
}

// Error returns the line.
func (e *Error) Error() string {
	if e.next == "" {
		return e.cause.Error()
	}
	return e.cause.Error() + "; " + e.next
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Of returns the text of an error without the next step of the Error that it is or wraps, and that next step. The next
// step is "" if there is none.
func Of(err error) (cause, next string) {
	cause = err.Error()
	if e, ok := errors.AsType[*Error](err); ok && e.next != "" {
		return strings.TrimSuffix(cause, "; "+e.next), e.next
	}
	return cause, ""
}
