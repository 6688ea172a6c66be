package cli

import (
	"errors"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"ecrlogin/credentials/aws"
	"ecrlogin/internal/check"
	"ecrlogin/internal/containerdconf"
	"ecrlogin/internal/doctor"
	"ecrlogin/internal/nodedoctor"
)

func (p *Program) doctor() *cobra.Command {
	var asJSON, asKubelet bool
	var node nodedoctor.Kubelet
	cmd := &cobra.Command{
		Use:   "doctor [HOST|IMAGE]",
		Short: "Diagnose authentication problems, and suggest fixes",
		Long: `Diagnose authentication problems between a container client and a registry, and suggest fixes.

The checks cover everything a pull needs: the helper that each client runs and why, the configuration, the network, the
clock, the AWS identity, the token, the registry and, if one is given, the image. Without a registry, only the checks that
apply to all registries are run. doctor requests a new token from AWS, changes nothing and prints no secrets.

With --kubelet, doctor checks how the kubelet on this node gets credentials for an image, and runs the provider as the
kubelet does. It also checks whether containerd would send a password of Amazon ECR to the upstream of a mirror.

The exit code is 1 if a check fails.`,
		Example: `  docker-credential-ecr-login doctor 123456789012.dkr.ecr.us-west-2.amazonaws.com/team/app:v1
  docker-credential-ecr-login doctor --json
  sudo docker-credential-ecr-login doctor --kubelet 123456789012.dkr.ecr.us-west-2.amazonaws.com/team/app:v1`,
		GroupID:           users,
		ValidArgsFunction: p.completeHosts,
		Args: func(cmd *cobra.Command, args []string) error {
			if (node.ConfigFile == "") != (node.BinDir == "") || node.ConfigFile != "" && !asKubelet {
				return errors.New("--config-file and --bin-dir must be used together, and with --kubelet")
			}
			return cobra.MaximumNArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			settings := p.load().checkSettings()
			results := doctor.Machine(cmd.Context(), settings)
			switch {
			case asKubelet:
				results = nodedoctor.Checks(cmd.Context(), settings, node, strings.Join(args, ""))
			case len(args) > 0:
				results = doctor.Registry(cmd.Context(), settings, args[0])
			}
			return p.report(results, asJSON)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&asJSON, "json", false, "print the report as JSON")
	flags.BoolVar(&asKubelet, "kubelet", false, "check the kubelet's image credential provider on this node")
	flags.StringVar(&node.ConfigFile, "config-file", "",
		"with --kubelet: CredentialProviderConfig file (default: that of the running kubelet)")
	flags.StringVar(&node.BinDir, "bin-dir", "", "with --config-file: directory for credential provider binaries")
	flags.StringVar(&node.Containerd, "containerd-config", containerdconf.DefaultConfig, "with --kubelet: configuration file of containerd")
	return cmd
}

func (s *setting) checkSettings() *check.Settings {
	return &check.Settings{
		Version:       s.Version,
		Env:           s.Env,
		Config:        s.config,
		ConfigErr:     s.err,
		SkippedConfig: s.inputs.Own.Skipped,
		Source:        &aws.Source{Identity: s.config.Identity, Log: s.log, AppID: s.appID()},
		Cache:         s.source(),
		Timeout:       s.timeout,
	}
}

// report prints the results. The exit code is 1 if a check failed.
func (p *Program) report(results iter.Seq[check.Result], asJSON bool) (err error) {
	var ok bool
	if asJSON {
		ok, err = check.PrintJSON(p.Stdout, results)
	} else {
		fancy := isTerminal(p.Stdout) && p.Env.Get("NO_COLOR") == "" && p.Env.Get("TERM") != "dumb"
		ok, err = check.Print(p.Stdout, results, fancy)
	}
	if err == nil && !ok {
		return exitError(1)
	}
	return err
}
