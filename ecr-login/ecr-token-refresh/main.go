// Command ecr-token-refresh writes passwords of Amazon ECR registries to files and Kubernetes Secrets, and renews them
// before they expire. It is for software that cannot run a credential helper; see docs/refresh.md.
package main

import (
	"os"
	"runtime/debug"

	"ecrlogin/internal/environ"
	"ecrlogin/internal/refreshcli"
)

func main() {
	p := &refreshcli.Program{Version: programVersion(), Env: environ.Process(), Stdout: os.Stdout, Stderr: os.Stderr}
	os.Exit(p.Run(os.Args[1:]))
}

// version is set by the linker. If it is empty, as after go install, the module version is used.
var version string

func programVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(unknown version)"
}
