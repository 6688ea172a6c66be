// Command ecr-token-refresh writes passwords of Amazon ECR registries to files and Kubernetes Secrets, and renews them
// before they expire. It is for software that cannot run a credential helper; see docs/refresh.md.
package main

import (
	"os"

	"ecrlogin/internal/environ"
	"ecrlogin/internal/program"
	"ecrlogin/internal/refreshcli"
)

func main() {
	p := &refreshcli.Program{Version: program.Version(version), Env: environ.Process(), Stdout: os.Stdout, Stderr: os.Stderr}
	os.Exit(p.Run(os.Args[1:]))
}

// version is set by the linker.
var version string
