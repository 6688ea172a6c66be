//go:build !linux || 386 || arm

package atomicfile

import "os"

// asOwner calls create. On this system a process cannot create files for another user, so the caller must change the owner afterward.
func asOwner(_ *os.Root, create func() error) error { return create() }
