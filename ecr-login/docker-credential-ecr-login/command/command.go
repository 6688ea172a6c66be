// Package command is the program docker-credential-ecr-login without its process: the actions of the credential helper
// protocol, and the commands for people. It wires the other packages together and decides nothing else.
package command

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ecrlogin/registry"
)

// A Program is one run.
type Program struct {
	Name           string // by which it was called, perhaps with a path; "ecr-credential-provider" makes it kubelet's
	Version        string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Run runs the program with its arguments, without its name. It returns 0 on success, 1 when the action failed or found
// nothing, 2 when it was called wrongly, and what a fallback returned for a registry that is not ours.
func (p *Program) Run(args []string) (exit int) {
	if name := strings.TrimSuffix(filepath.Base(p.Name), ".exe"); name == providerName {
		args = append([]string{"kubelet"}, args...)
	}
	if len(args) == 1 && isAction(args[0]) {
		return p.serve(args[0]) // has no use for a tree of commands
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

// withoutPasswords returns an error of cobra's, which repeats the arguments, without the user information in them.
func withoutPasswords(line string, args []string) string {
	for _, arg := range args {
		_, value, _ := strings.Cut(arg, "=") // of a flag
		for _, typed := range []string{arg, value} {
			if strings.Contains(typed, "@") {
				shown := registry.Shown(typed)
				line = strings.ReplaceAll(strings.ReplaceAll(line, strconv.Quote(typed), strconv.Quote(shown)), typed, shown)
			}
		}
	}
	return line
}

// An exitError ends the program with a code when all has been said.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

const about = `docker-credential-ecr-login gives container tools a password for Amazon ECR whenever they need one.

Docker and the others run it by themselves, once their configuration names it: with get, list, store or erase as the only
argument and the registry's host on standard input. The other commands are for people.

It reads all variables that the AWS SDKs read, such as AWS_PROFILE, and these:

    ECR_LOGIN_CONFIG              the configuration, if not config.yaml in ecr-login in your configuration folder
    ECR_LOGIN_TIMEOUT             the longest a get may take, e.g. 30s or 2m; 15s if not set, and a minute for a fallback
    ECR_LOGIN_LOG                 debug or info: say on standard error what was tried and how long it took
    AWS_ECR_CACHE_DIR             the folder to keep tokens in, if not the user's cache folder
    AWS_ECR_DISABLE_CACHE         if not empty, keep nothing
    AWS_ECR_IGNORE_CREDS_STORAGE  true: docker login and docker logout succeed and change nothing`

// Root returns the tree of commands.
func (p *Program) Root() *cobra.Command {
	wantsVersion := false
	root := &cobra.Command{
		Use:   "docker-credential-ecr-login",
		Short: "Passwords for Amazon ECR, whenever container tools need one",
		Long:  about,
		Example: `  # have Docker use it for the registries it finds, and see what is wrong if it does not work
  docker-credential-ecr-login configure docker
  docker-credential-ecr-login doctor 123456789012.dkr.ecr.us-west-2.amazonaws.com`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if wantsVersion {
				return p.printVersion()
			}
			return errNothing
		},
	}
	root.SetIn(p.Stdin)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	// Not cobra's own, whose template would link all of text/template, and with it every method of every type.
	root.Flags().BoolVarP(&wantsVersion, "version", "v", false, "print the version")
	root.AddGroup(&cobra.Group{ID: people, Title: "For people:"}, &cobra.Group{ID: clients, Title: "For container tools:"})
	root.SetHelpCommandGroupID(people)
	root.SetCompletionCommandGroupID(people)
	root.AddCommand(p.configure(), p.doctor(), p.password(), p.cache(), p.version())
	root.AddCommand(p.actions()...)
	root.AddCommand(p.kubelet())
	addCompletion(root)
	rejectUnknown(root)
	return root
}

// addCompletion adds cobra's completion command, which otherwise has no examples, and prints its help and succeeds when it
// is given an unknown shell.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() != "completion" {
			continue
		}
		cmd.RunE = func(*cobra.Command, []string) error { return errNothing }
		cmd.Example = "  source <(docker-credential-ecr-login completion bash)"
		for _, shell := range cmd.Commands() {
			shell.Example = "  docker-credential-ecr-login completion " + shell.Name()
		}
	}
}

// The groups of commands.
const (
	people  = "people"
	clients = "clients"
)

var errNothing = errors.New("a command is missing")

func (p *Program) version() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  docker-credential-ecr-login version",
		GroupID: people,
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return p.printVersion() },
	}
}

func (p *Program) printVersion() error {
	_, err := fmt.Fprintln(p.Stdout, "docker-credential-ecr-login", p.Version)
	return err
}
