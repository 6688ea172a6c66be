// Package kubernetes tests the helper as kubelet's image credential provider, on a node with a real kubelet, a real
// containerd and a real API server. Pods of it pull from registries that accept only passwords which the stand-in for AWS
// has issued and which have not expired. The host names are Amazon's own.
//
// The tests run in a sandbox (package sandbox), so they need root and change nothing on the machine. Kubernetes is built
// from its modules, which takes minutes the first time and seconds after that.
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

// helperVariable holds the absolute path of the helper to test; without it, one is built from this tree.
const helperVariable = "ECR_LOGIN_HELPER"

func TestMain(m *testing.M) {
	os.Exit(sandbox.Main(m, sandbox.Sandbox{Build: build, Hosts: hosts()}))
}

// build fills bin with the helper, the program for the images, and Kubernetes under the names of its parts.
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

// kubernetesVersion is that of module kubenode. A kubelet that is built without one says v0.0.0, which some clients
// cannot parse.
const kubernetesVersion = "v1.36.3"

// buildKubernetes builds etcd, kube-apiserver and kubelet. It says so, since that takes minutes where Go's cache is empty.
func buildKubernetes(bin string) error {
	fmt.Printf("building Kubernetes %s: minutes with an empty build cache, else seconds\n", kubernetesVersion)
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
	// Version control is not asked: a checkout of another user's makes that fail.
	cmd := exec.Command("go", "build", "-C", dir, "-buildvcs=false", "-trimpath", flags, "-o", output, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s in %s: %w\n%s", pkg, dir, err, out)
	}
	return nil
}
