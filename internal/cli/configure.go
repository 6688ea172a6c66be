package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
	"ecrlogin/internal/check"
	"ecrlogin/internal/doctor"
	"ecrlogin/internal/setup"
	"ecrlogin/registry"
)

func (p *Program) configure() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "configure",
		Short: "Configure container clients to use this helper, or undo it",
		Example: `  docker-credential-ecr-login configure docker --dry-run
  docker-credential-ecr-login configure undo`,
		GroupID: users,
	}
	cmd.AddCommand(p.configureDocker(), p.configurePodman(), p.configureKubelet(), p.configureContainerd(), p.configureUndo())
	return cmd
}

func (p *Program) configureDocker() *cobra.Command {
	return p.configureClient(&cobra.Command{
		Use:   "docker",
		Short: "Configure Docker to use this helper",
		Long: `Configure Docker to use this helper, with an entry in Docker's config.json. BuildKit, Compose, crane and ORAS also read
the same file.

Without --all, the helper is configured for the registries of --registry, or for those found in the cache, the
configuration, the AWS profiles, the environment and existing logins. A registry that is found via an AWS profile also gets
a rule in the helper's configuration, so that its token is requested with that profile. No rule is added if the AWS SDK
selects that profile by default.

With --all, the helper is configured for every host. The credential store that was configured before becomes its fallback
for hosts other than Amazon ECR.

Existing ECR logins in config.json are removed, because clients would use them instead of the helper. The changes are
printed before they are written. Run "configure undo" to revert them.`,
		Example: `  docker-credential-ecr-login configure docker --registry 123456789012.dkr.ecr.us-west-2.amazonaws.com --profile dev
  docker-credential-ecr-login configure docker --all --dry-run`,
	}, (*setup.Request).Docker)
}

func (p *Program) configurePodman() *cobra.Command {
	return p.configureClient(&cobra.Command{
		Use:   "podman",
		Short: "Configure Podman, Buildah and Skopeo to use this helper",
		Long: `Configure Podman, Buildah and Skopeo to use this helper.

For individual registries, the helper is added to auth.json. With --all, it is added in a separate file in
registries.conf.d. In all other respects the command works like "configure docker".`,
		Example: `  docker-credential-ecr-login configure podman --all`,
	}, func(r *setup.Request) error {
		files, err := setup.FindPodman(p.Env)
		if err != nil {
			return err
		}
		return r.Podman(files)
	})
}

// configureClient adds the flags and the action that the Docker and Podman commands share.
func (p *Program) configureClient(cmd *cobra.Command, run func(*setup.Request) error) *cobra.Command {
	r := &setup.Request{Env: p.Env, Account: p.accountOf}
	cmd.Args = cobra.NoArgs
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		s := p.load()
		r.Timeout = s.timeout
		if isTerminal(p.Stderr) {
			r.Progress = p.Stderr
		}
		r.Cached = s.cachedHosts()
		if err := p.printing(r, run); err != nil {
			return err
		}
		if r := doctor.Program(cmd.Context(), s.checkSettings()); r.Status == check.StatusFailed {
			fmt.Fprintf(p.Stderr, "warning: %s; %s\n", r.Found, r.Next)
		}
		return nil
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&r.Registries, "registry", nil, "registry host to configure; can be repeated")
	flags.BoolVar(&r.All, "all", false, "configure the helper for every host, with the current credential store as the fallback")
	flags.StringVar(&r.Profile, "profile", "", "AWS profile to use for the registries of --registry")
	flags.BoolVar(&r.DryRun, "dry-run", false, "print the changes without writing them")
	_ = cmd.RegisterFlagCompletionFunc("registry", p.completeHosts) // fails only for an undefined flag
	return cmd
}

// printing runs a request, and also returns an error of writing to standard output.
func (p *Program) printing(r *setup.Request, run func(*setup.Request) error) error {
	out := bufio.NewWriter(p.Stdout)
	r.Out = out
	err := run(r)
	return errors.Join(err, out.Flush())
}

// accountOf returns the AWS account of a profile, or of the default identity if profile is "".
func (p *Program) accountOf(ctx context.Context, profile string, r registry.Registry) (string, error) {
	source := &aws.Source{
		Identity: func(registry.Registry) credentials.Identity { return credentials.Identity{Profile: profile} },
		AppID:    p.appID(),
	}
	caller, err := source.Caller(ctx, r)
	if e, ok := errors.AsType[*credentials.Error](err); ok {
		e.Host = "" // the user did not specify it
	}
	return caller.Account, err
}

func (p *Program) configureUndo() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "undo",
		Short: "Revert the last configure command",
		Long: `Revert the changes of the last "configure" command. Files that were edited since then are left
unchanged, unless --force is given.`,
		Example: `  docker-credential-ecr-login configure undo`,
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return setup.Undo(p.Env, force, p.Stdout) },
	}
	cmd.Flags().BoolVar(&force, "force", false, "also revert files that were edited since; those edits are lost")
	return cmd
}
