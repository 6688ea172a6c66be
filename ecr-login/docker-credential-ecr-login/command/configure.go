package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
	"ecrlogin/credentials/docker/configfile"
	"ecrlogin/ecr-login/docker-credential-ecr-login/configure"
	"ecrlogin/registry"
)

func (p *Program) configure() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "configure",
		Short: "Have container tools run this helper, and take that back",
		Example: `  docker-credential-ecr-login configure docker --dry-run
  docker-credential-ecr-login configure undo`,
		GroupID: people,
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return errNothing },
	}
	cmd.AddCommand(p.configureDocker(), p.configurePodman(), p.configureKubelet(), p.configureUndo())
	return cmd
}

func (p *Program) configureDocker() *cobra.Command {
	return p.configureClient(&cobra.Command{
		Use:   "docker",
		Short: "Name this helper in Docker's config.json",
		Long: `Name this helper in Docker's config.json, which BuildKit, Compose, crane, ORAS and others read too.

Without --all it gets the registries that are named, or those that are found in the cache, the configuration, the AWS
profiles, the environment and old logins. One that is found through a profile gets a rule in the configuration, by which its
token is fetched with that profile, unless the AWS SDK chooses the profile anyway. With --all it gets every host, and the store that was there becomes its fallback for those that are
not Amazon ECR. Old logins to ECR, which would get in the way, are taken out. The difference is shown before it is written,
and "configure undo" takes it back.`,
		Example: `  docker-credential-ecr-login configure docker --registry 123456789012.dkr.ecr.us-west-2.amazonaws.com --profile dev
  docker-credential-ecr-login configure docker --all --dry-run`,
	}, func(r *configure.Request) error {
		path, err := configfile.Path()
		if err != nil {
			return err
		}
		return r.Docker(path)
	})
}

func (p *Program) configurePodman() *cobra.Command {
	return p.configureClient(&cobra.Command{
		Use:   "podman",
		Short: "Name this helper in the files of Podman, Buildah and Skopeo",
		Long: `Name this helper in the files of Podman, Buildah and Skopeo: for some registries in auth.json, and for all hosts in a file of
its own below registries.conf.d. It is otherwise as "configure docker".`,
		Example: `  docker-credential-ecr-login configure podman --all`,
	}, func(r *configure.Request) error {
		files, err := configure.FindPodman()
		if err != nil {
			return err
		}
		return r.Podman(files)
	})
}

// configureClient adds the flags that both have.
func (p *Program) configureClient(cmd *cobra.Command, run func(*configure.Request) error) *cobra.Command {
	r := &configure.Request{Out: p.Stdout, Account: accountOf}
	cmd.Args = cobra.NoArgs
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		s := p.load()
		r.Timeout = s.timeout
		if isTerminal(p.Stderr) {
			r.Progress = p.Stderr
		}
		if kept, err := s.source().Entries(); err == nil {
			for _, k := range kept {
				r.Cached = append(r.Cached, k.Host)
			}
		}
		if err := run(r); err != nil {
			return err
		}
		if cause, next := s.newDoctor().Installed(cmd.Context()); cause != "" {
			fmt.Fprintf(p.Stderr, "warning: %s; %s\n", cause, next)
		}
		return nil
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&r.Registries, "registry", nil, "a host to serve; may be given more than once")
	flags.BoolVar(&r.All, "all", false, "serve every host, with what was there as the fallback")
	flags.StringVar(&r.Profile, "profile", "", "the AWS profile to ask as for these registries")
	flags.BoolVar(&r.DryRun, "dry-run", false, "show what would be written, and write nothing")
	_ = cmd.RegisterFlagCompletionFunc("registry", p.completeHosts) // fails for a flag that is not there only
	return cmd
}

// accountOf asks AWS for the account of a profile, or of the AWS SDK's own choice for "".
func accountOf(ctx context.Context, profile string, r registry.Registry) (string, error) {
	source := &aws.Source{Identity: func(registry.Registry) credentials.Identity { return credentials.Identity{Profile: profile} }}
	caller, err := source.Caller(ctx, r)
	if err != nil {
		cause, next := aws.Advice(err) // without the host, which is none of the user's
		return "", errors.New(strings.TrimSuffix(cause+"; "+next, "; "))
	}
	return caller.Account, nil
}

func (p *Program) configureUndo() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:     "undo",
		Short:   "Take the last configure back",
		Long:    `Put back what the last "configure" has changed. A file that was edited since is not touched, unless forced.`,
		Example: `  docker-credential-ecr-login configure undo`,
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return configure.Undo(force, p.Stdout) },
	}
	cmd.Flags().BoolVar(&force, "force", false, "also where files were edited since, losing that")
	return cmd
}
