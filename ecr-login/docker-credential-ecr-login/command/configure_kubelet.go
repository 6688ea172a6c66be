package command

import (
	"github.com/spf13/cobra"

	"ecrlogin/ecr-login/docker-credential-ecr-login/configure"
)

func (p *Program) configureKubelet() *cobra.Command {
	r := &configure.Request{Out: p.Stdout}
	var n configure.Node
	cmd := &cobra.Command{
		Use:   "kubelet",
		Short: "Make this program kubelet's image credential provider on this node",
		Long: `Make this program kubelet's image credential provider on this node, so that pods pull from Amazon ECR without a Secret.

It is copied to the folder of such programs, and named in the CredentialProviderConfig for every registry of Amazon ECR and the
aliases in the configuration, or for those of --registry. Other providers in that file stay as they are. What kubelet has to
be started with is printed. The difference is shown before the file is written, and "configure undo" takes that back; the copy
stays, which nobody runs then.

Without HOME, as when a machine is set up, say HOME=/root, since what "configure undo" needs is kept there.`,
		Example: `  sudo docker-credential-ecr-login configure kubelet --bin-dir /usr/local/lib/kubelet --config-file /etc/kubernetes/credential-provider.yaml
  sudo docker-credential-ecr-login configure kubelet --dry-run --service-accounts \
    --bin-dir /var/lib/rancher/credentialprovider/bin --config-file /var/lib/rancher/credentialprovider/config.yaml`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return r.Kubelet(n) },
	}
	flags := cmd.Flags()
	flags.StringVar(&n.BinDir, "bin-dir", "", "the folder of providers' programs, as --image-credential-provider-bin-dir names it")
	flags.StringVar(&n.ConfigFile, "config-file", "", "the CredentialProviderConfig, as --image-credential-provider-config names it")
	flags.StringSliceVar(&r.Registries, "registry", nil, "a host, or a pattern as matchImages has them; may be given more than once; all of Amazon ECR if left out")
	flags.BoolVar(&n.ServiceAccounts, "service-accounts", false, "pods get the role that their service account is annotated with (Kubernetes 1.34)")
	flags.BoolVar(&n.Replace, "replace", false, "put this program in the place of another of the name "+providerName)
	flags.BoolVar(&r.DryRun, "dry-run", false, "show what would be written, and write nothing")
	_ = cmd.RegisterFlagCompletionFunc("registry", p.completeHosts) // fails for a flag that is not there only
	return cmd
}
