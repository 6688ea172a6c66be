// Command docker-credential-ecr-login is a Docker credential helper for Amazon ECR. Docker, Podman, BuildKit and other
// container clients run it when they need a password; see docs/clients.md.
package main

import (
	"os"
	"runtime/debug"

	"ecrlogin/internal/cli"
	"ecrlogin/internal/fastpath"
	"ecrlogin/internal/process"
	"ecrlogin/internal/version"
)

func main() {
	// The program usually exits before a garbage collection is useful. The limit starts one if memory use grows.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(64 << 20)
	p := &cli.Program{
		Name: os.Args[0], Version: version.String(), Env: process.Env(), Began: process.Began(),
		Stdin: fastpath.Stdin(), Stdout: os.Stdout, Stderr: os.Stderr,
	}
	os.Exit(p.Run(os.Args[1:]))
}
