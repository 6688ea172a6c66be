package command

import (
	"errors"
	"iter"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"ecrlogin/credentials/aws"
	"ecrlogin/ecr-login/docker-credential-ecr-login/doctor"
)

func (p *Program) doctor() *cobra.Command {
	var asJSON, asKubelet bool
	var node doctor.Kubelet
	cmd := &cobra.Command{
		Use:   "doctor [HOST|IMAGE]",
		Short: "Find what is wrong between a client and a registry, and what to type next",
		Long: `Find what is wrong between a client and a registry, and what to type next.

It looks at what a pull needs, in the order in which it goes wrong for people: which helper the clients run and why, the
configuration, the network, the clock, the AWS identity, the token, the registry and, if one is named, the image. It asks AWS
afresh, changes nothing and shows no secret. Without a registry it looks at what concerns all.

With --kubelet it looks at what kubelet does on this node for the password of an image, and runs the provider as kubelet does.

The exit code is 1 if anything is wrong.`,
		Example: `  docker-credential-ecr-login doctor 123456789012.dkr.ecr.us-west-2.amazonaws.com/team/app:v1
  docker-credential-ecr-login doctor --json
  sudo docker-credential-ecr-login doctor --kubelet 123456789012.dkr.ecr.us-west-2.amazonaws.com/team/app:v1`,
		GroupID:           people,
		ValidArgsFunction: p.completeHosts,
		Args: func(cmd *cobra.Command, args []string) error {
			if (node.ConfigFile == "") != (node.BinDir == "") || node.ConfigFile != "" && !asKubelet {
				return errors.New("--config-file and --bin-dir belong together, and to --kubelet")
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
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&asKubelet, "kubelet", false, "look at kubelet's image credential provider on this node")
	cmd.Flags().StringVar(&node.ConfigFile, "config-file", "", "with --kubelet: the CredentialProviderConfig, if not that of the kubelet that runs here")
	cmd.Flags().StringVar(&node.BinDir, "bin-dir", "", "with --config-file: the folder of providers' programs")
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

// errUnwell ends the program when a check failed.
const errUnwell = exitError(1)

// report prints each check as soon as it is made.
func (p *Program) report(checks iter.Seq[doctor.Check]) error {
	printer := doctor.Printer{Out: p.Stdout, Fancy: isTerminal(p.Stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
	for c := range checks {
		if err := printer.Print(c); err != nil {
			return err
		}
	}
	failed, err := printer.Close()
	if err == nil && failed > 0 {
		return errUnwell
	}
	return err
}

// reportJSON prints all checks when they have been made.
func (p *Program) reportJSON(checks iter.Seq[doctor.Check]) error {
	report := doctor.NewReport(checks)
	if err := writeJSON(p.Stdout, report); err != nil {
		return err
	}
	if !report.OK {
		return errUnwell
	}
	return nil
}
