// Package e2e tests the helper with the clients that people have: Docker with a real
// daemon, BuildKit, Podman, Buildah, Skopeo and crane push to and pull from registries
// that accept only passwords which the stand-in for AWS has issued and which have not
// expired. The host names are Amazon's own.
//
// The tests run in a sandbox (package sandbox), so they need root and change nothing
// on the machine. run.sh installs the clients and runs them.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"ecrlogin/e2e/sandbox"
)

// Two registries of different accounts in different regions.
const (
	firstHost  = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	secondHost = "210987654321.dkr.ecr.eu-central-1.amazonaws.com"
)

// helperVariable holds the absolute path of the helper to test; without it, one is built
// from this tree.
const helperVariable = "ECR_LOGIN_HELPER"

func TestMain(m *testing.M) {
	os.Exit(sandbox.Main(m, sandbox.Sandbox{Build: build, Hosts: []string{firstHost, secondHost}}))
}

// build fills bin with the helper, with crane, and with the program for the images.
func build(bin string) error {
	helper := filepath.Join(bin, "docker-credential-ecr-login")
	if built := os.Getenv(helperVariable); built != "" {
		if !filepath.IsAbs(built) {
			return fmt.Errorf("%s is %q, want an absolute path", helperVariable, built)
		}
		if err := os.Symlink(built, helper); err != nil {
			return err
		}
	} else if err := goBuild("..", helper, "./ecr-login/docker-credential-ecr-login"); err != nil {
		return err
	}
	if err := goBuild(".", filepath.Join(bin, "crane"), "github.com/google/go-containerregistry/cmd/crane"); err != nil {
		return err
	}
	return goBuild(".", filepath.Join(bin, "hello"), "./hello")
}

// goBuild builds one static program in the module at dir.
func goBuild(dir, output, pkg string) error {
	// Version control is not asked: a checkout of another user's makes that fail.
	cmd := exec.Command("go", "build", "-C", dir, "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", output, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", pkg, err, out)
	}
	return nil
}
