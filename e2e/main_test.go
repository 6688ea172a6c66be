// Package e2e tests the helper with real clients: Docker with its daemon, BuildKit, Podman, Buildah, Skopeo, crane,
// Helm, regctl, ORAS, ko and act. They push to and pull from registries that accept only unexpired passwords of the
// stand-in for AWS. The host names are those of Amazon ECR.
//
// The tests run in a sandbox (package sandbox). They require root and do not change the machine. run.sh installs the
// clients and runs the tests.
package e2e

import (
	"errors"
	"os"
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

// publicHost is the registry of ECR Public.
const publicHost = "public.ecr.aws"

// hosts returns the host names that resolve to the registry of the stand-in.
func hosts() []string { return []string{firstHost, secondHost, thirdHost, aliasHost, publicHost} }

func TestMain(m *testing.M) {
	os.Exit(sandbox.Main(m, sandbox.Sandbox{Build: build, Hosts: hosts()}))
}

// build builds programs in bin: the helper, the program for the images, and the clients and the keychain helper for
// which Debian has no package or an old version.
func build(bin string) error {
	return errors.Join(
		sandbox.BuildHelper("..", filepath.Join(bin, "docker-credential-ecr-login")),
		sandbox.GoBuild(".", filepath.Join(bin, "crane"), "github.com/google/go-containerregistry/cmd/crane"),
		sandbox.GoBuild(".", filepath.Join(bin, "docker-credential-pass"), "github.com/docker/docker-credential-helpers/pass/cmd"),
		sandbox.GoBuild(".", filepath.Join(bin, "hello"), "./hello"),
		sandbox.GoBuild("talos", filepath.Join(bin, "talos"), "."),
		installModules(bin),
	)
}
