// Package trustedpath checks that only root and the current user can change the file at a path, so that it is safe to
// run.
package trustedpath

// An Error reports that another user could change the file at a path. It wraps an advice.Error: the text starts with the
// path of the unsafe file, directory or symbolic link, whose parents are not links, and the next step is a command.
type Error struct{ error }

// Unwrap returns the advice.Error.
func (e *Error) Unwrap() error { return e.error }
