// Package version returns the version of the programs.
//
// It is separate from package program, which a cache hit needs before runtime/debug is initialized.
package version

import "runtime/debug"

// linked is set by the linker; see the Makefile.
var linked string

// String returns the version that the linker has set. If there is none, as after go install, it returns that of the
// module.
func String() string {
	if linked != "" {
		return linked
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(unknown version)"
}
