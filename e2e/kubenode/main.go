// Command kubenode is the Kubernetes that the tests of kubelet's image pulls run: etcd, kube-apiserver and kubelet in one
// program, which is the one that it is called by the name of. Together they are built once and share most of what they are
// made of.
//
// It is a module of its own, so that nobody who tests or lints the others builds Kubernetes.
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
		fmt.Fprintf(os.Stderr, "%s: call me by the name of etcd, kube-apiserver or kubelet\n", name)
		os.Exit(2)
	}
}
