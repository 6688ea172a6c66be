// Package kubernetes tests the helper as the kubelet's image credential provider, and ecr-token-refresh, on a node with
// a real kubelet, containerd and API server. Its pods pull from registries that accept only unexpired passwords of the
// stand-in for AWS. The host names are those of Amazon ECR.
//
// The tests run in a sandbox (package sandbox). They require root and do not change the machine. Kubernetes and
// containerd 2 are built from their modules, which takes minutes the first time and seconds afterwards. Tests use the
// containerd of Debian unless they specify containerd 2.
package kubernetes

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ecrlogin/e2e/sandbox"
)

func TestMain(m *testing.M) {
	os.Exit(sandbox.Main(m, sandbox.Sandbox{Build: build, Hosts: hosts()}))
}

// build builds the helper, ecr-token-refresh, the program for the images, and the programs of Kubernetes and containerd
// 2 in bin.
func build(bin string) error {
	return errors.Join(
		sandbox.BuildHelper("../..", filepath.Join(bin, "docker-credential-ecr-login")),
		sandbox.BuildRefresh("../..", filepath.Join(bin, "ecr-token-refresh")),
		sandbox.GoBuild(".", filepath.Join(bin, "pause"), "./pause"),
		sandbox.GoBuild("..", filepath.Join(bin, "reader"), "./refresh/reader"),
		buildKubernetes(bin),
		buildContainerd2(filepath.Join(bin, containerd2)),
		sandbox.BuildHelm("../..", filepath.Join(bin, "helm")),
		linkPrometheusOperator(filepath.Join(bin, prometheusOperator)),
	)
}

// prometheusOperator is a link to the module of the Prometheus Operator, which contains its CustomResourceDefinitions.
const prometheusOperator = "prometheus-operator"

func linkPrometheusOperator(link string) error {
	dir, err := sandbox.ModuleDir("github.com/prometheus-operator/prometheus-operator@v0.85.0")
	if err != nil {
		return err
	}
	return os.Symlink(dir, link)
}

// kubernetesVersion is the version in module kubenode. Without it, the kubelet reports v0.0.0, which some clients
// cannot parse.
const kubernetesVersion = "v1.36.3"

// buildKubernetes builds etcd, kube-apiserver and kubelet. It prints a message, because this can take minutes.
func buildKubernetes(bin string) error {
	fmt.Printf("building Kubernetes %s, which takes minutes if the build cache is empty\n", kubernetesVersion)
	began := time.Now()
	const program, variable = "kubenode", "k8s.io/component-base/version.gitVersion"
	if err := sandbox.GoBuild("../kubenode", filepath.Join(bin, program), ".", "-X "+variable+"="+kubernetesVersion); err != nil {
		return err
	}
	fmt.Printf("built Kubernetes in %v\n", time.Since(began).Round(time.Second))
	var errs []error
	for _, part := range []string{"etcd", "kube-apiserver", "kubelet"} {
		errs = append(errs, os.Symlink(program, filepath.Join(bin, part)))
	}
	return errors.Join(errs...)
}

// containerd2 is the directory of the programs of containerd 2, which is not in PATH.
const containerd2 = "containerd2"

const containerd2Version = "v2.4.2"

// buildContainerd2 builds containerd, ctr and the shim for runc in dir. It prints a message, because this can take a
// minute.
func buildContainerd2(dir string) error {
	fmt.Printf("building containerd %s, which takes a minute if the build cache is empty\n", containerd2Version)
	began := time.Now()
	err := os.Mkdir(dir, 0o755)
	for _, program := range []string{"containerd", "ctr", "containerd-shim-runc-v2"} {
		source := "github.com/containerd/containerd/v2/cmd/" + program + "@" + containerd2Version
		err = errors.Join(err, sandbox.GoInstall("../..", filepath.Join(dir, program), source))
	}
	fmt.Printf("built containerd in %v\n", time.Since(began).Round(time.Second))
	return err
}
