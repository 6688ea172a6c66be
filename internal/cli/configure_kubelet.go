package cli

import (
	"github.com/spf13/cobra"

	"ecrlogin/internal/program"
	"ecrlogin/internal/setup"
)

func (p *Program) configureKubelet() *cobra.Command {
	r := &setup.Request{Env: p.Env}
	var n setup.Node
	cmd := &cobra.Command{
		Use:   "kubelet",
		Short: "Configure the kubelet on this node to use this program as image credential provider",
		Long: `Configure the kubelet on this node to use this program as image credential provider, so that pods can pull from
Amazon ECR without an image pull secret.

The program is copied to the directory for credential provider binaries. It is added to the CredentialProviderConfig for all
Amazon ECR registries and the aliases in the configuration, or for those of --registry. Other providers in that file are not
changed. The changes are printed before the file is written. The command also prints the flags that the kubelet requires.
Run "configure undo" to revert the changes to the file; the copy of the program remains in place, unused.

If HOME is not set, as during node setup, set HOME=/root, where the data for "configure undo" is stored.`,
		Example: `  sudo docker-credential-ecr-login configure kubelet --bin-dir /usr/local/lib/kubelet --config-file /etc/kubernetes/credential-provider.yaml
  sudo docker-credential-ecr-login configure kubelet --dry-run --service-accounts \
    --bin-dir /var/lib/rancher/credentialprovider/bin --config-file /var/lib/rancher/credentialprovider/config.yaml`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return p.printing(r, func(r *setup.Request) error { return r.Kubelet(n) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&n.BinDir, "bin-dir", "", "directory for credential provider binaries (the kubelet's --image-credential-provider-bin-dir)")
	flags.StringVar(&n.ConfigFile, "config-file", "", "CredentialProviderConfig file (the kubelet's --image-credential-provider-config)")
	flags.StringSliceVar(&r.Registries, "registry", nil,
		"registry host, or matchImages pattern; can be repeated (default: all Amazon ECR registries)")
	flags.BoolVar(&n.ServiceAccounts, "service-accounts", false,
		"use the IAM role in the annotation of the pod's service account (requires Kubernetes 1.34)")
	flags.BoolVar(&n.Replace, "replace", false, "replace another program named "+program.Provider)
	flags.BoolVar(&r.DryRun, "dry-run", false, "print the changes without writing them")
	_ = cmd.RegisterFlagCompletionFunc("registry", p.completeHosts) // fails only for an undefined flag
	return cmd
}
