// Package program asks another credential helper on this machine, docker-credential-NAME, in the way of Docker: the
// action is its argument, the request its standard input, the answer its standard output and exit code.
//
// Clients wait for such a helper however long it takes and print whatever it printed when it fails. Here it is given a
// time and a length, and what may hold a password stays out of every error.
package program

import (
	"cmp"
	"io"
	"time"

	helper "github.com/docker/docker-credential-helpers/credentials"
)

// Helper is the program docker-credential-NAME. It is run anew for each call, found by PATH and given the environment
// and the working folder of this process. It may be used by many goroutines at once.
type Helper struct {
	Name    string        // osxkeychain for docker-credential-osxkeychain
	Timeout time.Duration // the longest one call may take; 0 means DefaultTimeout
	Stderr  io.Writer     // gets what the helper prints on standard error as it comes, and lines of Helper's own; nil discards both
	Named   string        // where the name is from, for errors: `"fallback" in PATH`; may be empty
}

// DefaultTimeout is for a keychain that asks its user for a pass phrase, which has to be remembered and typed. Clients
// would wait for ever.
const DefaultTimeout = time.Minute

var _ helper.Helper = (*Helper)(nil)

// Check returns why the helper cannot be asked: it is not on PATH, its name is none, or it would ask this program again.
// It runs nothing. Each call checks by itself.
func (h *Helper) Check() error {
	_, err := h.find()
	return err
}

func (h *Helper) timeout() time.Duration {
	return cmp.Or(h.Timeout, DefaultTimeout)
}

// program returns the name of the file.
func (h *Helper) program() string { return "docker-credential-" + h.Name }

// named tells a user what to change.
func (h *Helper) named() string {
	return cmp.Or(h.Named, "the configuration that names it")
}
