// Package e2e tests the helper with real clients: Docker with its daemon, BuildKit, Podman, Buildah, Skopeo and crane.
// They push to and pull from registries that accept only unexpired passwords of the stand-in for AWS. The host names
// are those of Amazon ECR.
//
// The tests run in a sandbox (package sandbox). They require root and do not change the machine. run.sh installs the
// clients and runs the tests.
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

// aliasHost is an alias of one of them in the user's configuration.
const aliasHost = "registry.corp.example"

// hosts returns the host names that resolve to the registry of the stand-in.
func hosts() []string { return []string{firstHost, secondHost, thirdHost, aliasHost} }

// helperVariable contains the absolute path of the helper to test. If it is not set, the helper is built from this
// repository.
const helperVariable = "ECR_LOGIN_HELPER"

func TestMain(m *testing.M) {
	os.Exit(sandbox.Main(m, sandbox.Sandbox{Build: build, Hosts: hosts()}))
}

// build builds programs in bin: the helper, the program for the images, and the clients and the keychain helper for
// which Debian has no package or an old version.
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
	// -buildvcs=false, because git fails if the repository belongs to another user.
	cmd := exec.Command("go", "build", "-C", dir, "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", output, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", pkg, err, out)
	}
	return nil
}
