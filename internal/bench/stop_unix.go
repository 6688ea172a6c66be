//go:build unix

package main

import (
	"os"
	"syscall"
)

// stoppable reports whether stop is supported.
const stoppable = true

func stop(p *os.Process) error { return p.Signal(syscall.SIGSTOP) }
