// Package kubernetes tests the helper as the kubelet's image credential provider, and ecr-token-refresh, on a node with
// a real kubelet, containerd and API server. Its pods pull from registries that accept only unexpired passwords of the
// stand-in for AWS. The host names are those of Amazon ECR.
//
// The tests run in a sandbox (package sandbox). They require root and do not change the machine. Kubernetes is built
// from its modules, which takes minutes the first time and seconds afterwards.
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

// build builds the helper, ecr-token-refresh, the program for the images, and the programs of Kubernetes in bin.
func build(bin string) error {
	return errors.Join(
		sandbox.BuildHelper("../..", filepath.Join(bin, "docker-credential-ecr-login")),
		sandbox.BuildRefresh("../..", filepath.Join(bin, "ecr-token-refresh")),
		sandbox.GoBuild(".", filepath.Join(bin, "pause"), "./pause"),
		sandbox.GoBuild("..", filepath.Join(bin, "reader"), "./refresh/reader"),
		buildKubernetes(bin),
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
