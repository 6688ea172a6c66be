// Package trustedpath checks that only root and the current user can change the file at a path, so that it is safe to
// run.
package trustedpath

// An Error reports that another user could change the file at a path.
type Error struct {
	Path  string // of the unsafe file, directory or symbolic link; its parents are not links
	Cause string // completes the sentence that starts with Path
	Fix   string // the command that fixes it
}

// Error returns "PATH CAUSE; FIX".
func (e *Error) Error() string { return e.Path + " " + e.Cause + "; " + e.Fix }
