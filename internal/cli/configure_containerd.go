package cli

import (
	"github.com/spf13/cobra"

	"ecrlogin/internal/containerdconf"
	"ecrlogin/internal/nodedoctor"
	"ecrlogin/internal/setup"
)

func (p *Program) configureContainerd() *cobra.Command {
	r := &setup.Request{Env: p.Env, Out: p.Stdout}
	var c setup.Containerd
	cmd := &cobra.Command{
		Use:   "containerd --mirror UPSTREAM=HOST[/PREFIX]",
		Short: "Configure containerd on this node to pull from a pull-through cache",
		Long: `Configure containerd on this node to pull images of an upstream, such as Docker Hub, from a pull-through cache of Amazon
ECR, and kubelet to use the password of Amazon ECR for them.

For each mirror, the command writes a hosts.toml, adds an alias to the configuration, and adds the upstream to matchImages
in the CredentialProviderConfig, if that contains this program. The hosts.toml sets "server", so that containerd never sends
the password to the upstream. If containerd's configuration does not contain the directory in config_path, only the hosts.toml
is written, and the lines to add are printed.

Without a prefix, the default prefix of the upstream is used: docker-hub, quay, github (ghcr.io), kubernetes
(registry.k8s.io), gitlab (registry.gitlab.com), chainguard (cgr.dev) or azure (mcr.microsoft.com). The prefix ROOT stands for
a cache without a prefix.

The changes are printed before they are written. Run "configure undo" to revert them, and restart kubelet.`,
		Example: `  sudo docker-credential-ecr-login configure containerd \
    --mirror docker.io=123456789012.dkr.ecr.us-west-2.amazonaws.com/docker-hub \
    --mirror quay.io=123456789012.dkr.ecr.us-west-2.amazonaws.com/quay --dry-run`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if c.ProviderConfig == "" {
				c.ProviderConfig = nodedoctor.ProviderConfig("/proc")
			}
			return r.Containerd(c)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&c.Mirrors, "mirror", nil, "upstream, and the registry and prefix of its pull-through cache; can be repeated")
	flags.StringVar(&c.CertsDir, "certs-dir", containerdconf.DefaultCerts, "directory for hosts.toml files (containerd's config_path)")
	flags.StringVar(&c.ConfigFile, "containerd-config", containerdconf.DefaultConfig, "configuration file of containerd, which is only read")
	flags.StringVar(&c.ProviderConfig, "config-file", "", "CredentialProviderConfig file (default: that of the running kubelet)")
	flags.BoolVar(&r.DryRun, "dry-run", false, "print the changes without writing them")
	return cmd
}
