package cli

import (
	"cmp"
	"errors"

	"github.com/spf13/cobra"

	"ecrlogin/internal/containerdconf"
	"ecrlogin/internal/k3sconf"
	"ecrlogin/internal/nodedoctor"
	"ecrlogin/internal/setup"
)

func (p *Program) configureContainerd() *cobra.Command {
	r := &setup.Request{Env: p.Env}
	var c setup.Containerd
	var k3s, rke2 bool
	var registries string
	cmd := &cobra.Command{
		Use:   "containerd --mirror UPSTREAM=HOST[/PREFIX]",
		Short: "Configure containerd on this node to pull from a pull-through cache",
		Long: `Configure containerd on this node to pull images of an upstream, such as Docker Hub, from a pull-through cache of Amazon
ECR, and the kubelet to use the password of Amazon ECR for them.

For each mirror, the command writes a hosts.toml, adds an alias to the configuration, and adds the upstream to matchImages
in the CredentialProviderConfig, if that contains this program. The hosts.toml sets "server", so that containerd never sends
the password to the upstream. If containerd's configuration does not contain the directory in config_path, only the hosts.toml
is written, and the lines to add are printed.

k3s and RKE2 generate the hosts.toml files. On their nodes, the command writes registries.yaml with a rewrite rule, and sets
disable-default-registry-endpoint in config.yaml. If registries.yaml contains other mirrors, which the option would also
affect, the line to add is printed instead. k3s and RKE2 are detected if they have run on this node.

Without a prefix, the default prefix of the upstream is used: docker-hub, quay, github (ghcr.io), kubernetes
(registry.k8s.io), gitlab (registry.gitlab.com) or chainguard (cgr.dev). The prefix ROOT stands for a cache without a prefix.

The changes are printed before they are written. To revert them, run "configure undo" and restart the
kubelet, k3s or RKE2.`,
		Example: `  sudo docker-credential-ecr-login configure containerd \
    --mirror docker.io=123456789012.dkr.ecr.us-west-2.amazonaws.com/docker-hub \
    --mirror quay.io=123456789012.dkr.ecr.us-west-2.amazonaws.com/quay --dry-run
  sudo docker-credential-ecr-login configure containerd --k3s \
    --mirror docker.io=123456789012.dkr.ecr.us-west-2.amazonaws.com/docker-hub`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if c.K3s, err = k3sNode(cmd, k3s, rke2, registries); err == nil {
				err = completeFiles(&c, registries)
			}
			if err != nil {
				return err
			}
			return p.printing(r, func(r *setup.Request) error { return r.Containerd(c) })
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&c.Mirrors, "mirror", nil, "upstream, and the registry and prefix of its pull-through cache; can be repeated")
	flags.StringVar(&c.CertsDir, "certs-dir", containerdconf.DefaultCerts, "directory for hosts.toml files (containerd's config_path)")
	flags.StringVar(&c.ConfigFile, "containerd-config", containerdconf.DefaultConfig, "configuration file of containerd, which is only read")
	flags.BoolVar(&k3s, "k3s", false, "write registries.yaml in /etc/rancher/k3s")
	flags.BoolVar(&rke2, "rke2", false, "write registries.yaml in /etc/rancher/rke2")
	flags.StringVar(&registries, "registries-file", "", "registries.yaml of k3s or RKE2, if it is elsewhere; config.yaml is in the same directory")
	flags.StringVar(&c.ProviderConfig, "config-file", "", "CredentialProviderConfig file (default: that of the running kubelet)")
	flags.BoolVar(&r.DryRun, "dry-run", false, "print the changes without writing them")
	return cmd
}

// completeFiles sets the paths that the flags do not set, from the options of k3s or RKE2 and the running kubelet.
func completeFiles(c *setup.Containerd, registries string) error {
	if c.K3s != nil {
		options, err := c.K3s.Options()
		if err != nil {
			return err
		}
		c.K3s.Registries = cmp.Or(registries, options.Registries, c.K3s.Registries)
		c.ProviderConfig = cmp.Or(c.ProviderConfig, options.ProviderConfig)
	}
	if c.ProviderConfig == "" {
		c.ProviderConfig = nodedoctor.ProviderConfig("/proc")
	}
	return nil
}

// k3sNode returns the files of k3s or RKE2, as the flags select them. Without flags, it looks for them on this machine.
// It returns nil for another containerd.
func k3sNode(cmd *cobra.Command, k3s, rke2 bool, registries string) (*k3sconf.Node, error) {
	number := 0
	for _, name := range []string{"k3s", "rke2", "registries-file"} {
		if cmd.Flags().Changed(name) {
			number++
		}
	}
	other := cmd.Flags().Changed("certs-dir") || cmd.Flags().Changed("containerd-config")
	var node k3sconf.Node
	switch {
	case number > 1 || number == 1 && other:
		return nil, errors.New("flags contradict each other; specify only --k3s, --rke2, --registries-file, or those of another containerd: --certs-dir and --containerd-config")
	case other:
		return nil, nil
	case k3s:
		node = k3sconf.K3s()
	case rke2:
		node = k3sconf.RKE2()
	case registries != "":
		node = k3sconf.At(registries)
	default:
		return setup.FindK3s("/")
	}
	return &node, nil
}
