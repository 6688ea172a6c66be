package credentials

// An Error reports why there is no token for a registry. It is printed as one line, "HOST: CAUSE; NEXT".
type Error struct {
	Host  string // the registry's host, or the alias that the user typed
	Cause string // what went wrong; one line without secrets
	Next  string // what the user can do; "" if there is nothing to add
	Err   error  // the error behind Cause, for errors.Is and errors.As; its text is not printed and may contain secrets
}

// Error returns the line.
func (e *Error) Error() string {
	line := e.Cause
	if e.Host != "" {
		line = e.Host + ": " + line
	}
	if e.Next != "" {
		line += "; " + e.Next
	}
	return line
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }
