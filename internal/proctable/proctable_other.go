//go:build !linux

package proctable

import (
	"errors"
	"fmt"
)

// Find returns an error that wraps errors.ErrUnsupported, because this operating system has no /proc.
func Find(pid int) (Process, error) {
	return Process{}, fmt.Errorf("reading the entry of process %d: %w", pid, errors.ErrUnsupported)
}

// Rename returns an error that wraps errors.ErrUnsupported.
func Rename(string) error {
	return fmt.Errorf("renaming this process: %w", errors.ErrUnsupported)
}

// Children returns nil, because this operating system has no /proc.
func Children(int) []int { return nil }
