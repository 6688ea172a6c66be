// Command docker-credential-ecr-login gives Docker, Podman, BuildKit and their kin a password for Amazon ECR at the
// moment they need one. They run it as credential helper; see docs/clients.md.
package main

import (
	"os"
	"runtime/debug"

	"ecrlogin/ecr-login/docker-credential-ecr-login/command"
	"ecrlogin/ecr-login/docker-credential-ecr-login/hit"
)

func main() {
	// The program is over before its garbage is worth collecting; the limit is for the day when it is not.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(64 << 20)
	p := &command.Program{Name: os.Args[0], Version: programVersion(), Stdin: hit.Stdin(), Stdout: os.Stdout, Stderr: os.Stderr}
	os.Exit(p.Run(os.Args[1:]))
}

// version is set by the linker; a program built by go install knows it from its module.
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
