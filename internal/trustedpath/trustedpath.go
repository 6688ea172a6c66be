// Package trustedpath checks that only root and the current user can change what a path leads to, so that it is safe to run.
package trustedpath

// An Error reports who else could change what a path leads to.
type Error struct {
	Path  string // of the file, directory or symbolic link at fault, without links on the way to it
	Cause string // follows Path in a sentence
	Fix   string // a command
}

// Error returns "PATH CAUSE; FIX".
func (e *Error) Error() string { return e.Path + " " + e.Cause + "; " + e.Fix }
