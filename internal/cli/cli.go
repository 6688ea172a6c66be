// Package cli implements the command line of docker-credential-ecr-login: the actions of the credential helper
// protocol, and the commands for users. It connects the other packages and contains no other logic.
package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ecrlogin/internal/environ"
	"ecrlogin/internal/program"
	"ecrlogin/internal/version"
	"ecrlogin/registry"
)

// A Program is one invocation of docker-credential-ecr-login.
type Program struct {
	Name           string // os.Args[0]; "ecr-credential-provider" runs the kubelet command
	Version        string
	Env            environ.Env
	Began          time.Time // when the process started, for time limits
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Run runs the program with args, which do not include its name, and returns the exit code: 0 on success, 1 if the
// action failed or found no credentials, 2 for invalid arguments, or the exit code of the fallback for other
// registries.
func (p *Program) Run(args []string) (exit int) {
	if name := strings.TrimSuffix(filepath.Base(p.Name), ".exe"); name == program.Provider {
		args = append([]string{"kubelet"}, args...)
	}
	for _, a := range actions {
		if len(args) == 1 && args[0] == a.name {
			return p.serve(a) // clients do not need the command tree
		}
	}
	root := p.Root()
	root.SetArgs(args)
	accepted := false
	root.PersistentPreRun = func(*cobra.Command, []string) { accepted = true }
	cmd, err := root.ExecuteC()
	var ended exitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &ended):
		return int(ended)
	case errors.Is(err, errNothing):
		cmd.SetOut(p.Stderr)
		_ = cmd.Help()
		return 2
	case accepted:
		fmt.Fprintln(p.Stderr, err)
		return 1
	}
	fmt.Fprintf(p.Stderr, "%s; see: %s --help\n", withoutPasswords(err.Error(), args), cmd.CommandPath())
	return 2
}

// withoutPasswords removes the user information of args from an error message of cobra, which repeats the arguments.
func withoutPasswords(line string, args []string) string {
	for _, arg := range args {
		_, value, _ := strings.Cut(arg, "=") // the value of a flag
		for _, typed := range []string{arg, value} {
			if strings.Contains(typed, "@") {
				shown := registry.Shown(typed)
				line = strings.ReplaceAll(strings.ReplaceAll(line, strconv.Quote(typed), strconv.Quote(shown)), typed, shown)
			}
		}
	}
	return line
}

// An exitError ends the program with an exit code, which may be 0, after all output is written.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

const about = `docker-credential-ecr-login is a Docker credential helper for Amazon ECR.

Docker and other container clients run it if their configuration contains it. The argument is get, list, store or erase,
and standard input contains the registry host. The other commands are for users.

It reads the environment variables of the AWS SDKs, such as AWS_PROFILE, and these:

    ECR_LOGIN_CONFIG              configuration file (default: ecr-login/config.yaml in the user's configuration directory)
    ECR_LOGIN_TIMEOUT             time limit of a get, such as 30s or 2m (default: 15s; 1m for each call of a fallback)
    ECR_LOGIN_LOG                 log level, debug or info; the log is written to standard error (default: no log)
    AWS_ECR_CACHE_DIR             directory for cached tokens (default: ecr-login in the user's cache directory)
    AWS_ECR_DISABLE_CACHE         any value disables the cache
    AWS_ECR_IGNORE_CREDS_STORAGE  if true, docker login and docker logout for ECR succeed without any effect`

// Root returns the root command with all subcommands.
func (p *Program) Root() *cobra.Command {
	wantsVersion := false
	root := &cobra.Command{
		Use:   "docker-credential-ecr-login",
		Short: "Docker credential helper for Amazon ECR",
		Long:  about,
		Example: `  # configure Docker to use this helper for your registries, and diagnose problems
  docker-credential-ecr-login configure docker
  docker-credential-ecr-login doctor 123456789012.dkr.ecr.us-west-2.amazonaws.com`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if wantsVersion {
				return p.printVersion(false)
			}
			return errNothing
		},
	}
	root.SetIn(p.Stdin)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	// Cobra's own version flag needs text/template, which makes the linker keep every exported method.
	root.Flags().BoolVarP(&wantsVersion, "version", "v", false, "print the version")
	root.AddGroup(&cobra.Group{ID: users, Title: "User commands:"},
		&cobra.Group{ID: clients, Title: "Client commands (run by container clients):"})
	root.SetHelpCommandGroupID(users)
	root.SetCompletionCommandGroupID(users)
	root.AddCommand(p.configure(), p.install(), p.doctor(), p.password(), p.cache(), p.metrics(), p.version())
	root.AddCommand(p.actions()...)
	root.AddCommand(p.kubelet())
	addCompletion(root)
	addHelp(root)
	checkCommands(root)
	return root
}

// addCompletion adds cobra's completion command, with examples.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	cmd, _, _ := root.Find([]string{"completion"})
	cmd.Example = "  source <(docker-credential-ecr-login completion bash)"
	for _, shell := range cmd.Commands() {
		shell.Example = "  docker-credential-ecr-login completion " + shell.Name()
	}
}

// addHelp adds cobra's help command, with an error for an unknown command, for which cobra succeeds.
func addHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	cmd, _, _ := root.Find([]string{"help"})
	cmd.Example = "  docker-credential-ecr-login help cache list"
	cmd.Args = func(_ *cobra.Command, args []string) error {
		found, rest, _ := root.Find(args)
		return unknownCommand(found, rest)
	}
}

// The groups of commands.
const (
	users   = "users"
	clients = "clients"
)

var errNothing = errors.New("a command is missing")

func (p *Program) version() *cobra.Command {
	cmd := version.Command(p.Stdout, program.Command, p.Version)
	cmd.GroupID = users
	return cmd
}

// appID identifies the program in AWS's logs.
func (p *Program) appID() string { return program.Helper + "/" + p.Version }

func (p *Program) printVersion(asJSON bool) error {
	return version.Print(p.Stdout, program.Command, p.Version, asJSON)
}
