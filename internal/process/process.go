// Package process contains what is read once, when the process starts. Only the executable and the fast path import it;
// they pass it on.
package process

import (
	"time"

	"ecrlogin/internal/environ"
)

var (
	began = time.Now()
	env   = environ.Process()
)

// Began returns the approximate start time of the process.
func Began() time.Time { return began }

// Env returns the environment at that time.
func Env() environ.Env { return env }
