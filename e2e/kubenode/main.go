// Command kubenode contains etcd, kube-apiserver and kubelet, for the tests of image pulls by the kubelet. The name
// under which it is started selects the program. One executable builds faster, because the programs share most
// packages.
//
// It is a separate module, so that tests and linters of the other modules do not build Kubernetes.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

func main() {
	switch name := filepath.Base(os.Args[0]); name {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kubelet":
		os.Exit(cli.Run(kubelet.NewKubeletCommand(context.Background())))
	default:
		fmt.Fprintf(os.Stderr, "%s: the program name must be etcd, kube-apiserver or kubelet\n", name)
		os.Exit(2)
	}
}
