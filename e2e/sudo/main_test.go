// Package sudo tests the helper with the real sudo. The tests run in a sandbox (package sandbox). They require root and
// do not change the machine.
package sudo

import (
	"os"
	"path/filepath"
	"testing"

	"ecrlogin/e2e/sandbox"
)

const (
	helper = "docker-credential-ecr-login"
	host   = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
)

func TestMain(m *testing.M) {
	os.Exit(sandbox.Main(m, sandbox.Sandbox{Build: build}))
}

func build(bin string) error {
	return sandbox.BuildHelper("../..", filepath.Join(bin, helper))
}
