// Package kubernetes tests the helper as the kubelet's image credential provider, on a node with a real kubelet,
// containerd and API server. Its pods pull from registries that accept only unexpired passwords of the stand-in for
// AWS. The host names are those of Amazon ECR.
//
// The tests run in a sandbox (package sandbox). They require root and do not change the machine. Kubernetes is built
// from its modules, which takes minutes the first time and seconds afterwards.
package kubernetes

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"ecrlogin/e2e/sandbox"
)

// helperVariable contains the absolute path of the helper to test. If it is not set, the helper is built from this
// repository.
const helperVariable = "ECR_LOGIN_HELPER"

func TestMain(m *testing.M) {
	os.Exit(sandbox.Main(m, sandbox.Sandbox{Build: build, Hosts: hosts()}))
}

// build builds the helper, the program for the images, and the programs of Kubernetes in bin.
func build(bin string) error {
	return errors.Join(
		buildHelper(filepath.Join(bin, "docker-credential-ecr-login")),
		goBuild(".", filepath.Join(bin, "pause"), "./pause"),
		buildKubernetes(bin),
	)
}

func buildHelper(output string) error {
	built := os.Getenv(helperVariable)
	switch {
	case built == "":
		return goBuild("../..", output, "./ecr-login/docker-credential-ecr-login")
	case !filepath.IsAbs(built):
		return fmt.Errorf("%s is %q, want an absolute path", helperVariable, built)
	}
	return os.Symlink(built, output)
}

// kubernetesVersion is the version in module kubenode. Without it, the kubelet reports v0.0.0, which some clients
// cannot parse.
const kubernetesVersion = "v1.36.3"

// buildKubernetes builds etcd, kube-apiserver and kubelet. It prints a message, because this can take minutes.
func buildKubernetes(bin string) error {
	fmt.Printf("building Kubernetes %s, which takes minutes if the build cache is empty\n", kubernetesVersion)
	began := time.Now()
	const program, variable = "kubenode", "k8s.io/component-base/version.gitVersion"
	if err := goBuild("../kubenode", filepath.Join(bin, program), ".", "-X "+variable+"="+kubernetesVersion); err != nil {
		return err
	}
	fmt.Printf("built Kubernetes in %v\n", time.Since(began).Round(time.Second))
	var errs []error
	for _, part := range []string{"etcd", "kube-apiserver", "kubelet"} {
		errs = append(errs, os.Symlink(program, filepath.Join(bin, part)))
	}
	return errors.Join(errs...)
}

// goBuild builds one static program in the module at dir.
func goBuild(dir, output, pkg string, linkerFlags ...string) error {
	flags := "-ldflags=-s -w"
	for _, f := range linkerFlags {
		flags += " " + f
	}
	// -buildvcs=false, because git fails if the repository belongs to another user.
	cmd := exec.Command("go", "build", "-C", dir, "-buildvcs=false", "-trimpath", flags, "-o", output, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s in %s: %w\n%s", pkg, dir, err, out)
	}
	return nil
}
