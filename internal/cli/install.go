package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"ecrlogin/internal/install"
	"ecrlogin/internal/program"
)

func (p *Program) install() *cobra.Command {
	replace := false
	cmd := &cobra.Command{
		Use:   "install DIRECTORY",
		Short: "Copy this program to a directory",
		Long: `Copy this program to a directory as docker-credential-ecr-login, with the second name ecr-credential-provider. The
directory is created if it does not exist.

No shell or other program is needed, so that an image that contains only this program can be used as an init container:
the command copies the program to a volume that other containers of the pod, or the node, also mount.

The files are replaced atomically, with mode 0755. If they are up to date, nothing is written. Another program of the
same name is not replaced, unless --replace is given.

To make the kubelet use the program on this machine, run "configure kubelet" instead.`,
		Example: `  docker-credential-ecr-login install /usr/local/bin`,
		GroupID: users,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("the directory is missing; specify one, such as /usr/local/bin")
			}
			return cobra.ExactArgs(1)(cmd, args)
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(_ *cobra.Command, args []string) error { return install.Directory(args[0], replace, p.Stdout) },
	}
	cmd.Flags().BoolVar(&replace, "replace", false,
		"replace other programs named "+program.Command+" or "+program.Provider+", and keep them as backups")
	return cmd
}
