// Package nativehelper runs another credential helper on this machine, docker-credential-NAME, as Docker does: the action
// is the argument, the request is the standard input, and the response is the standard output and the exit code.
//
// Clients wait for a helper without a limit, and print its output when it fails. This package limits the time and the
// size of the output, and keeps output that may contain a password out of errors.
package nativehelper

import (
	"cmp"
	"io"
	"time"

	helper "github.com/docker/docker-credential-helpers/credentials"
)

// Helper is the program docker-credential-NAME. Each call looks it up on PATH and runs it with the environment and the
// working directory of this process. A Helper is safe for concurrent use.
type Helper struct {
	Name    string        // osxkeychain for docker-credential-osxkeychain
	Timeout time.Duration // limit for one call; 0 means DefaultTimeout
	Stderr  io.Writer     // receives the standard error of the program and the notices of Helper; nil discards both
	Named   string        // where Name is configured, for errors: `"fallback" in PATH`; may be empty
}

// DefaultTimeout is the default limit for one call. It leaves time to type the passphrase of a keychain.
const DefaultTimeout = time.Minute

var _ helper.Helper = (*Helper)(nil)

// Check returns an error if the helper cannot be run: it is not on PATH, its name is invalid, or it would run this
// program again. Check runs nothing. Every call includes this check.
func (h *Helper) Check() error {
	_, err := h.find()
	return err
}

func (h *Helper) timeout() time.Duration {
	return cmp.Or(h.Timeout, DefaultTimeout)
}

// program returns the file name of the helper.
func (h *Helper) program() string { return "docker-credential-" + h.Name }

// named returns where the helper is configured, for errors.
func (h *Helper) named() string {
	return cmp.Or(h.Named, "the configuration that names it")
}
