// Package advice attaches a next step to an error: what the user can do about it.
//
// It imports little, because the fast path does: see package fastpath.
package advice

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
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

// Error returns the line. Control characters are escaped, for example those of a path in a variable that a file with
// Windows line endings has set: a carriage return would hide the path on a terminal.
func (e *Error) Error() string {
	if e.next == "" {
		return visible(e.cause.Error())
	}
	return visible(e.cause.Error() + "; " + e.next)
}

// visible replaces control characters with Go's escape sequences, such as \r.
func visible(s string) string {
	if !strings.ContainsFunc(s, unicode.IsControl) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unicode.IsControl(r) {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Of returns the text of an error without the next step of the Error that it is or wraps, and that next step. The next
// step is "" if there is none.
func Of(err error) (cause, next string) {
	cause = err.Error()
	if e, ok := errors.AsType[*Error](err); ok && e.next != "" {
		next = visible(e.next)
		return strings.TrimSuffix(cause, "; "+next), next
	}
	return cause, ""
}
