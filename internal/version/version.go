// Package version returns the version of the programs, and how they were built.
//
// It is separate from package program, which a cache hit needs before runtime/debug is initialized.
package version

import (
	"cmp"
	"crypto/fips140"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// linked and commit are set by the linker; see the Makefile.
var linked, commit string

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

// A build describes a build of a program, for the JSON output.
type build struct {
	Name      string     `json:"name"`
	Version   string     `json:"version"`
	Commit    string     `json:"commit"`    // full hash, or "unknown"
	GoVersion string     `json:"goVersion"` // such as go1.26.8
	FIPS140   fips140Use `json:"fips140"`
}

// A fips140Use describes the Go Cryptographic Module in the program, and its FIPS 140-3 mode.
type fips140Use struct {
	Module string `json:"module"` // version set by GOFIPS140, or "latest" for that of the Go release, which is not certified
	Mode   string `json:"mode"`   // off, on or only, as in GODEBUG=fips140=on
}

// Print writes the name and the version of a program on one line. With asJSON, it writes a JSON object that also
// contains the commit, the version of Go, and the FIPS 140-3 module and mode.
func Print(w io.Writer, name, version string, asJSON bool) error {
	if !asJSON {
		_, err := fmt.Fprintln(w, name, version)
		return err
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(build{
		Name: name, Version: version, Commit: revision(), GoVersion: runtime.Version(),
		FIPS140: fips140Use{Module: fips140.Version(), Mode: mode()},
	})
}

// Command returns the command that prints the version of a program.
func Command(w io.Writer, name, version string) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long: `Print the version.

With --json, also print the commit, the version of Go, the version of the Go Cryptographic Module, and the FIPS 140-3
mode of this process: off, on or only.`,
		Example: "  " + name + " version --json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return Print(w, name, version, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the version and the build as JSON")
	return cmd
}

// revision returns the commit that the linker has set, or that of a build in a repository, or "unknown".
func revision() string {
	var stamped string
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				stamped = s.Value
			}
		}
	}
	return cmp.Or(commit, stamped, "unknown")
}

func mode() string {
	switch {
	case fips140.Enforced():
		return "only"
	case fips140.Enabled():
		return "on"
	}
	return "off"
}
