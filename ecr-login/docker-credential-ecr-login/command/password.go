package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"ecrlogin/credentials"
	"ecrlogin/registry"
)

func (p *Program) password() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "password HOST|IMAGE",
		Short: "Print the password for a registry, for scripts",
		Long: `Print the password for a registry and nothing else, for scripts and for --password-stdin. The user name is AWS.

It takes the place of aws ecr get-login-password, and takes the region from the host. Clients that know this helper need
neither.`,
		Example: `  docker-credential-ecr-login password 123456789012.dkr.ecr.us-west-2.amazonaws.com |
    helm registry login --username AWS --password-stdin 123456789012.dkr.ecr.us-west-2.amazonaws.com`,
		GroupID:           people,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.completeHosts,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !force && isTerminal(p.Stdout) {
				return errors.New("this would show the password on the terminal; pipe it to where it is needed, or add --force")
			}
			return p.printPassword(cmd.Context(), args[0])
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "print it on a terminal too")
	return cmd
}

func (p *Program) printPassword(ctx context.Context, host string) error {
	s := p.load()
	r, err := s.resolve(host)
	if err != nil {
		return fmt.Errorf("password of %s: %w", registry.Shown(host), err)
	}
	ctx, cancel := context.WithDeadline(ctx, s.deadline())
	defer cancel()
	token, err := credentials.UsableToken(ctx, s.source(), r, time.Now)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.Stdout, token.Password)
	return err
}

// isTerminal reports whether somebody sees what is written.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
