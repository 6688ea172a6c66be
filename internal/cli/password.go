package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"ecrlogin/cache"
	"ecrlogin/credentials"
	"ecrlogin/internal/userfile"
	"ecrlogin/registry"
)

// toStdout is the value of --output for standard output.
const toStdout = "-"

var errNoOutput = errors.New(`--output is empty; specify a file, or "-" for standard output`)

// passwordOptions are the flags of the command password.
type passwordOptions struct {
	format, output string
	force          bool
}

func (p *Program) password() *cobra.Command {
	var o passwordOptions
	cmd := &cobra.Command{
		Use:   "password HOST|IMAGE...",
		Short: "Print the password for a registry, or write it to a file",
		Long: `Print the password for a registry, for scripts and for tools that do not support credential helpers. The user
name is AWS. This command replaces "aws ecr get-login-password", and takes the AWS region from the host.

The formats are:

    password       the password
    userpass       AWS:PASSWORD
    env            ECR_REGISTRY, ECR_USERNAME, ECR_PASSWORD and ECR_PASSWORD_EXPIRY, one NAME=VALUE per line
    json           host, username, password, expiry and identity, one object per line and host
    docker-config  a config.json of Docker with the passwords of all hosts, for DOCKER_AUTH_CONFIG and kaniko

Several hosts require json or docker-config. If one of them fails, nothing is printed or written. The password expires
after at most 12 hours. Clients that run this helper do not need this command.`,
		Example: `  docker-credential-ecr-login password 123456789012.dkr.ecr.us-west-2.amazonaws.com |
    helm registry login --username AWS --password-stdin 123456789012.dkr.ecr.us-west-2.amazonaws.com
  docker-credential-ecr-login password --format docker-config --output /kaniko/.docker/config.json \
    123456789012.dkr.ecr.us-west-2.amazonaws.com 210987654321.dkr.ecr.eu-west-1.amazonaws.com`,
		GroupID:           users,
		Args:              func(cmd *cobra.Command, args []string) error { return o.check(cmd, args) },
		ValidArgsFunction: p.completeHosts,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.output == toStdout && !o.force && isTerminal(p.Stdout) {
				return errors.New("standard output is a terminal, which would show the password; pipe the output to a command, " +
					"or add --output FILE or --force")
			}
			return p.printPasswords(cmd.Context(), o, args)
		},
	}
	names := passwordFormatNames()
	cmd.Flags().StringVar(&o.format, "format", names[0], "format of the output: "+strings.Join(names, ", "))
	cmd.Flags().StringVarP(&o.output, "output", "o", toStdout,
		"file to write instead of standard output; it is replaced, and only you can read it (mode 0600)")
	cmd.Flags().BoolVar(&o.force, "force", false, "print the password even if standard output is a terminal")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// check returns an error for invalid arguments and flags. An empty --output is probably an unset variable, and the
// password must not be printed to the log of a script because of that.
func (o *passwordOptions) check(cmd *cobra.Command, args []string) error {
	names := passwordFormatNames()
	i := slices.Index(names, o.format)
	switch {
	case i < 0:
		return fmt.Errorf("invalid format %q, expected one of: %s", o.format, strings.Join(names, ", "))
	case o.output == "":
		return errNoOutput
	case len(args) > 1 && !passwordFormats[i].several:
		return fmt.Errorf("format %s supports only one host, received %d; add --format json or --format docker-config, "+
			"or run the command once for each host", o.format, len(args))
	}
	return cobra.MinimumNArgs(1)(cmd, args)
}

// printPasswords prints or writes the passwords of all hosts, or returns an error if one of them has none.
func (p *Program) printPasswords(ctx context.Context, o passwordOptions, hosts []string) error {
	logins, err := p.logins(ctx, hosts)
	if err != nil {
		return err
	}
	i := slices.Index(passwordFormatNames(), o.format)
	text, err := passwordFormats[i].text(logins)
	if err != nil {
		return err
	}
	if o.output == toStdout {
		_, err := p.Stdout.Write(text)
		return err
	}
	return userfile.WritePrivate(o.output, text)
}

// A login is a token with the host that the user typed, in lower case, which may be an alias. Clients look for that
// host in their files.
type login struct {
	host  string
	token credentials.Token
}

// logins returns a login for each host, in the given order and without duplicates. It checks all hosts before it
// requests a token. Hosts with the same API and identity share one request, also without a cache directory.
func (p *Program) logins(ctx context.Context, hosts []string) ([]login, error) {
	s := p.load()
	var logins []login
	var registries []registry.Registry
	for _, typed := range hosts {
		r, err := s.resolve(typed)
		if err != nil {
			return nil, fmt.Errorf("password of %s: %w", registry.Shown(typed), err)
		}
		host, err := registry.Address(typed)
		if err == nil && registry.IsUpstream(host) { // an alias for the kubelet only, as in package docker
			err = registry.ErrNotECR
		}
		if err != nil {
			return nil, fmt.Errorf("password of %s: %w", registry.Shown(typed), err)
		}
		if !slices.ContainsFunc(logins, func(l login) bool { return l.host == host }) {
			logins, registries = append(logins, login{host: host}), append(registries, r)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	source := s.source()
	source.Source = &cache.Regional{Source: source.Source}
	for i, r := range registries {
		token, err := credentials.UsableToken(ctx, source, r)
		if err != nil {
			return nil, err
		}
		logins[i].token = token
	}
	return logins, nil
}

// isTerminal reports whether w is a terminal.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
