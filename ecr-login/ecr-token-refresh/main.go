// Command ecr-token-refresh writes passwords of Amazon ECR registries to files and Kubernetes Secrets, and renews them
// before they expire. It is for software that cannot run a credential helper; see docs/refresh.md.
package main

import (
	"os"

	"ecrlogin/internal/environ"
	"ecrlogin/internal/refreshcli"
	"ecrlogin/internal/version"
)

func main() {
	p := &refreshcli.Program{Version: version.String(), Env: environ.Process(), Stdout: os.Stdout, Stderr: os.Stderr}
	os.Exit(p.Run(os.Args[1:]))
}
