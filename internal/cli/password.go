package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"ecrlogin/credentials"
	"ecrlogin/registry"
)

func (p *Program) password() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "password HOST|IMAGE",
		Short: "Print the password for a registry",
		Long: `Print only the password for a registry, for scripts and for clients with --password-stdin. The user name is AWS.

It replaces "aws ecr get-login-password", and takes the AWS region from the host. Clients that run this helper do not need
either command.`,
		Example: `  docker-credential-ecr-login password 123456789012.dkr.ecr.us-west-2.amazonaws.com |
    helm registry login --username AWS --password-stdin 123456789012.dkr.ecr.us-west-2.amazonaws.com`,
		GroupID:           users,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.completeHosts,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !force && isTerminal(p.Stdout) {
				return errors.New("standard output is a terminal, which would show the password; pipe the output to a command, or add --force")
			}
			return p.printPassword(cmd.Context(), args[0])
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "print the password even if standard output is a terminal")
	return cmd
}

func (p *Program) printPassword(ctx context.Context, host string) error {
	s := p.load()
	r, err := s.resolve(host)
	if err != nil {
		return fmt.Errorf("password of %s: %w", registry.Shown(host), err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	token, err := credentials.UsableToken(ctx, s.source(), r)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.Stdout, token.Password)
	return err
}

// isTerminal reports whether w is a terminal.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
