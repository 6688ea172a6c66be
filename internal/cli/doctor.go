package cli

import (
	"errors"
	"iter"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"ecrlogin/credentials/aws"
	"ecrlogin/internal/doctor"
)

func (p *Program) doctor() *cobra.Command {
	var asJSON, asKubelet bool
	var node doctor.Kubelet
	cmd := &cobra.Command{
		Use:   "doctor [HOST|IMAGE]",
		Short: "Diagnose authentication problems, and suggest fixes",
		Long: `Diagnose authentication problems between a container client and a registry, and suggest fixes.

The checks cover everything a pull needs: the helper that each client runs and why, the configuration, the network, the
clock, the AWS identity, the token, the registry and, if one is given, the image. Without a registry, only the checks that
apply to all registries are run. doctor requests a new token from AWS, changes nothing and prints no secrets.

With --kubelet, doctor checks how kubelet on this node gets credentials for an image, and runs the provider as kubelet does.

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
			d := p.load().newDoctor()
			checks := d.Machine(cmd.Context())
			switch {
			case asKubelet:
				checks = d.Kubelet(cmd.Context(), node, strings.Join(args, ""))
			case len(args) > 0:
				checks = d.Registry(cmd.Context(), args[0])
			}
			if asJSON {
				return p.reportJSON(checks)
			}
			return p.report(checks)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	cmd.Flags().BoolVar(&asKubelet, "kubelet", false, "check kubelet's image credential provider on this node")
	cmd.Flags().StringVar(&node.ConfigFile, "config-file", "", "with --kubelet: CredentialProviderConfig file (default: that of the running kubelet)")
	cmd.Flags().StringVar(&node.BinDir, "bin-dir", "", "with --config-file: directory for credential provider binaries")
	return cmd
}

func (s *setting) newDoctor() *doctor.Doctor {
	return &doctor.Doctor{
		Version:   s.Version,
		Config:    s.config,
		ConfigErr: s.err,
		Source:    &aws.Source{Identity: s.config.Identity, Log: s.log},
		Cache:     s.source(),
		Timeout:   s.timeout,
	}
}

// errFailed sets the exit code after a check failed.
const errFailed = exitError(1)

// report prints each check as soon as it is done.
func (p *Program) report(checks iter.Seq[doctor.Check]) error {
	printer := doctor.Printer{Out: p.Stdout, Fancy: isTerminal(p.Stdout) && p.Env.Get("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
	for c := range checks {
		if err := printer.Print(c); err != nil {
			return err
		}
	}
	failed, err := printer.Close()
	if err == nil && failed > 0 {
		return errFailed
	}
	return err
}

// reportJSON prints all checks after the last one is done.
func (p *Program) reportJSON(checks iter.Seq[doctor.Check]) error {
	report := doctor.NewReport(checks)
	if err := writeJSON(p.Stdout, report); err != nil {
		return err
	}
	if !report.OK {
		return errFailed
	}
	return nil
}
