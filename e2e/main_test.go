// Package e2e tests the helper with the clients that people have: Docker with a real
// daemon, BuildKit, Podman, Buildah, Skopeo and crane push to and pull from registries
// that accept only passwords which the stand-in for AWS has issued and which have not
// expired. The host names are Amazon's own.
//
// The tests run in a sandbox (package sandbox), so they need root and change nothing
// on the machine. run.sh installs the clients and runs them.
package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"ecrlogin/e2e/sandbox"
)

// Three registries of different accounts in different regions.
const (
	firstHost  = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	secondHost = "210987654321.dkr.ecr.eu-central-1.amazonaws.com"
	thirdHost  = "333344445555.dkr.ecr.ap-south-1.amazonaws.com"
)

// aliasHost is a name of the user's own for one of them.
const aliasHost = "registry.corp.example"

// hosts returns the names under which the stand-in's registry is reached.
func hosts() []string { return []string{firstHost, secondHost, thirdHost, aliasHost} }

// helperVariable holds the absolute path of the helper to test; without it, one is built
// from this tree.
const helperVariable = "ECR_LOGIN_HELPER"

func TestMain(m *testing.M) {
	os.Exit(sandbox.Main(m, sandbox.Sandbox{Build: build, Hosts: hosts()}))
}

// build fills bin with the helper, with the clients and the keychain's helper that Debian has
// not or only in old versions, and with the program for the images.
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
	return errors.Join(
		goBuild(".", filepath.Join(bin, "crane"), "github.com/google/go-containerregistry/cmd/crane"),
		goBuild(".", filepath.Join(bin, "docker-credential-pass"), "github.com/docker/docker-credential-helpers/pass/cmd"),
		goBuild(".", filepath.Join(bin, "hello"), "./hello"),
		buildCompose(filepath.Join(bin, "docker-compose")),
	)
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
