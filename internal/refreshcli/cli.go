// Package refreshcli implements the command line of ecr-token-refresh. It connects the packages that read the
// configuration, request tokens, write them and show the status.
package refreshcli

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/spf13/cobra"

	"ecrlogin/internal/environ"
	"ecrlogin/internal/program"
	"ecrlogin/internal/refreshconfig"
	"ecrlogin/internal/version"
)

// A Program is one invocation of ecr-token-refresh.
type Program struct {
	Version        string
	Env            environ.Env
	Stdout, Stderr io.Writer
}

// options are the flags.
type options struct {
	config              string
	once, dryRun        bool
	listen              *string // nil if not set
	kubeconfig, context string
	logLevel, logFormat string
	logLevelSet         bool
	wantsVersion        bool
	unfinished          atomic.Bool // set if the program has an end, and a signal before it is a failure
}

// Run runs the program with args, which do not include its name, until it ends or receives SIGTERM or SIGINT. It
// returns the exit code: 0 on success and after a signal, 1 if something failed, 2 for invalid arguments. An
// interrupted --once returns 1. Run returns within 0.9 seconds after a signal, and may leave goroutines behind that
// hang.
func (p *Program) Run(args []string) (exit int) {
	var o options
	root := p.root(&o)
	root.SetArgs(args)
	accepted := false
	root.PersistentPreRun = func(*cobra.Command, []string) { accepted = true }
	exit, ended := untilSignal(func(ctx context.Context) int {
		cmd, err := root.ExecuteContextC(ctx)
		switch {
		case err == nil:
			return 0
		case accepted:
			fmt.Fprintln(p.Stderr, err) // one line for each error that was joined
			return 1
		}
		fmt.Fprintf(p.Stderr, "%v; see: %s --help\n", err, cmd.CommandPath())
		return 2
	})
	if !ended && o.unfinished.Load() {
		fmt.Fprintln(p.Stderr, "interrupted")
		return 1
	}
	return exit
}

const about = `ecr-token-refresh writes passwords of Amazon ECR registries to password files, Docker configuration files
and Kubernetes Secrets, and renews them before they expire. It is for software that cannot run a credential helper.

It reads its configuration from the file of --config, or from ` + refreshconfig.DefaultPath + `. The file is
read again after a change; an invalid one is rejected, and the previous configuration stays in effect. Without a file,
the environment variables of k8s-ecr-login-renew are read (DOCKER_SECRET_NAME, TARGET_NAMESPACE, EXCLUDE_NAMESPACE,
DOCKER_REGISTRIES and AWS_REGION), and the program exits after it has written the Secrets once.

The AWS identity is that of the AWS SDKs, with their environment variables such as AWS_PROFILE, unless the configuration
specifies another one. The configuration file of docker-credential-ecr-login is not read.

SIGTERM ends the program within a second.`

// root returns the root command with all subcommands. The flags are stored in o.
func (p *Program) root(o *options) *cobra.Command {
	root := &cobra.Command{
		Use:   program.Refresh,
		Short: "Write Amazon ECR passwords to files and Kubernetes Secrets, and renew them",
		Long:  about,
		Example: `  # write everything once, for example in a CronJob
  ecr-token-refresh --config config.yaml --once

  # print what would be written where
  ecr-token-refresh --config config.yaml --dry-run`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.NoArgs(cmd, args); err != nil {
				return err
			}
			return o.check()
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.wantsVersion {
				return version.Print(p.Stdout, program.Refresh, p.Version, false)
			}
			return p.run(cmd.Context(), o)
		},
	}
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	p.addFlags(root, o)
	root.AddCommand(p.checkConfig(o), version.Command(p.Stdout, program.Refresh, p.Version))
	addCompletion(root)
	root.InitDefaultHelpCmd()
	help, _, _ := root.Find([]string{"help"})
	help.Example = "  ecr-token-refresh help check-config"
	return root
}

// Root returns the root command, for the manual pages.
func (p *Program) Root() *cobra.Command { return p.root(new(options)) }

func (p *Program) addFlags(root *cobra.Command, o *options) {
	shared := root.PersistentFlags()
	shared.StringVar(&o.config, "config", "", "configuration file (default "+refreshconfig.DefaultPath+")")
	flags := root.Flags()
	flags.BoolVar(&o.once, "once", false,
		"write everything once and exit, with exit code 0 only if everything was written")
	flags.BoolVar(&o.dryRun, "dry-run", false, "print what would be written where, without a call to AWS, and exit")
	listen := flags.String("listen", "",
		"`address` of the HTTP server, such as :3277 or 127.0.0.1:3277, or off for none; overrides the configuration")
	flags.StringVar(&o.kubeconfig, "kubeconfig", "",
		"kubeconfig `file` (default: the cluster of the pod, or KUBECONFIG, or ~/.kube/config)")
	flags.StringVar(&o.context, "context", "", "context in the kubeconfig file (default: its current context)")
	flags.StringVar(&o.logLevel, "log-level", "info",
		"log level: debug, info, warn or error; with --once and --dry-run, nothing is logged by default")
	flags.StringVar(&o.logFormat, "log-format", "",
		"log format: json or text (default: text on a terminal, otherwise json)")
	flags.BoolVarP(&o.wantsVersion, "version", "v", false, "print the version")
	root.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if cmd.Flags().Changed("listen") {
			o.listen = listen
		}
		o.logLevelSet = cmd.Flags().Changed("log-level")
		return nil
	}
	for name, values := range map[string][]cobra.Completion{"log-level": levels, "log-format": formats} {
		complete := cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
		_ = root.RegisterFlagCompletionFunc(name, complete) // fails only for an undefined flag
	}
}

func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	cmd, _, _ := root.Find([]string{"completion"})
	cmd.Example = "  source <(ecr-token-refresh completion bash)"
	for _, shell := range cmd.Commands() {
		shell.Example = "  ecr-token-refresh completion " + shell.Name()
	}
}
