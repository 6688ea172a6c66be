//go:build !unix

package main

import (
	"errors"
	"os"
)

// stoppable reports whether stop is supported.
const stoppable = false

func stop(*os.Process) error { return errors.ErrUnsupported }
