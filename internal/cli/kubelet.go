package cli

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
	"ecrlogin/credentials/kubelet"
	"ecrlogin/internal/configpath"
	"ecrlogin/internal/program"
	"ecrlogin/registry"
)

func (p *Program) kubelet() *cobra.Command {
	var config, role string
	wantsVersion, asJSON := false, false
	cmd := &cobra.Command{
		Use:   "kubelet",
		Short: "Return image credentials to the kubelet, for the request on standard input",
		Long: `Return image credentials to the kubelet, for the CredentialProviderRequest on standard input.

The kubelet runs this program as ` + program.Provider + ` (a link or a copy) when its CredentialProviderConfig names it;
see "configure kubelet". In that file, "args" sets the flags and "env" sets the environment variables.`,
		Example: `  echo '{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"` + exampleHost + `/app"}' |
    docker-credential-ecr-login kubelet`,
		GroupID: clients,
		Args: func(_ *cobra.Command, args []string) error {
			// Many setups pass "get-credentials", which the AWS provider uses. The other arguments are for users and
			// inventory tools, which run the provider under its own name.
			if len(args) == 0 || len(args) == 1 && slices.Contains([]string{"get-credentials", "version", "help"}, args[0]) {
				return nil
			}
			return fmt.Errorf("unknown argument %q", args[0])
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case wantsVersion || slices.Contains(args, "version"):
				return p.printVersion(asJSON)
			case slices.Contains(args, "help"):
				return cmd.Help()
			}
			s := p.loadFrom(config)
			input, err := s.readInput(action{name: "kubelet", reads: "a CredentialProviderRequest",
				next: "; the kubelet does so if a CredentialProviderConfig names this program"})
			if err != nil {
				fmt.Fprint(p.Stderr, err) // without a newline, as in package kubelet
				return exitError(1)
			}
			return exitError(s.provide(role, input))
		},
	}
	cmd.Flags().BoolVarP(&wantsVersion, "version", "v", false, "print the version")
	cmd.Flags().BoolVar(&asJSON, "json", false, "with --version, print the version and the build as JSON")
	cmd.Flags().StringVar(&config, "config", "", "configuration file; overrides "+configpath.Variable)
	cmd.Flags().StringVar(&role, "role-arn", "", "IAM role for service accounts without an annotation; overrides AWS_ECR_ROLE_ARN")
	return cmd
}

// provide answers a request from the kubelet.
func (s *setting) provide(role string, request []byte) (exit int) {
	if role == "" {
		role = s.Env.Get("AWS_ECR_ROLE_ARN")
	}
	var host string
	provider := &kubelet.Provider{
		Source:     s.source(),
		RoleSource: s.roleSource,
		Resolve: func(sent string) (registry.Registry, error) {
			host = sent
			return s.resolve(sent)
		},
		RoleARN: role,
		Timeout: s.remaining(),
	}
	if exit = provider.Serve(bytes.NewReader(request), s.Stdout, s.Stderr); exit == 0 {
		s.saveRoute(host)
	}
	return exit
}

// roleSource returns the source for a pod whose service account has an IAM role. Its tokens are not cached, because the
// process of another pod could find them. The kubelet caches the credentials per service account. It does not cache
// that there are none for a public image, so that the cache contains that failure. The session policy of the rule that
// matches the registry limits this role too.
func (s *setting) roleSource(w *credentials.WebIdentity) credentials.Source {
	source := s.source()
	source.Source = &aws.Source{
		Identity: s.config.Identity, WebIdentity: w, PublicTimeout: s.publicTimeout(), AppID: s.appID(), Log: s.log,
	}
	source.FailuresOf = fmt.Sprintf("%q", append([]string{w.RoleARN, w.SessionName, w.Subject, w.Issuer}, w.Audience...))
	return source
}
