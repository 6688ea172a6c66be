package command

import (
	"bytes"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"ecrlogin/config/file"
	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
	"ecrlogin/credentials/kubelet"
)

// providerName is the name by which the program is kubelet's image credential provider.
const providerName = "ecr-credential-provider"

func (p *Program) kubelet() *cobra.Command {
	var config, role string
	wantsVersion := false
	cmd := &cobra.Command{
		Use:   "kubelet",
		Short: "Answer kubelet's request for the credentials of an image, which is on standard input",
		Long: `Answer kubelet's request for the credentials of an image, which is a CredentialProviderRequest on standard input.

Kubelet runs it by itself, by the name ` + providerName + ` (a link or a copy), once its CredentialProviderConfig
names it: see "configure kubelet". Flags go into "args" there, and variables into "env".`,
		Example: `  echo '{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"123456789012.dkr.ecr.us-west-2.amazonaws.com/app"}' |
    docker-credential-ecr-login kubelet`,
		GroupID: clients,
		Args: func(_ *cobra.Command, args []string) error {
			// "get-credentials" is what many set-ups give to the program that was there before. The others are for people and
			// inventories, which run the provider by its own name.
			if len(args) == 0 || len(args) == 1 && slices.Contains([]string{"get-credentials", "version", "help"}, args[0]) {
				return nil
			}
			return fmt.Errorf("unknown argument %q", args[0])
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case wantsVersion || slices.Contains(args, "version"):
				return p.printVersion()
			case slices.Contains(args, "help"):
				return cmd.Help()
			}
			s := p.loadFrom(config)
			input, err := s.readInput("kubelet")
			if err != nil {
				fmt.Fprint(p.Stderr, err) // without a newline, as in package kubelet
				return exitError(1)
			}
			if exit := s.provide(role, input); exit != 0 {
				return exitError(exit)
			}
			return nil
		},
	}
	cmd.Flags().BoolVarP(&wantsVersion, "version", "v", false, "print the version")
	cmd.Flags().StringVar(&config, "config", "", "the configuration file, as "+file.Variable+" names it")
	cmd.Flags().StringVar(&role, "role-arn", "", "the role of service accounts that have no annotation, as AWS_ECR_ROLE_ARN names it")
	return cmd
}

// provide answers a request of kubelet's.
func (s *setting) provide(role string, request []byte) (exit int) {
	if role == "" {
		role = os.Getenv("AWS_ECR_ROLE_ARN")
	}
	provider := &kubelet.Provider{
		Source:  s.source(),
		As:      s.as,
		Resolve: s.resolve,
		RoleARN: role,
		Timeout: s.remaining(),
	}
	return provider.Serve(bytes.NewReader(request), s.Stdout, s.Stderr)
}

// as returns the source for a pod with a role of its own. What it yields is not kept: another pod's process could find it.
// Kubelet itself keeps it for that service account.
func (s *setting) as(a kubelet.ServiceAccount) credentials.Source {
	return &aws.Source{Log: s.log, WebIdentity: &aws.WebIdentity{
		RoleARN: a.RoleARN, Token: a.Token, SessionName: a.SessionName(),
		Label:   "service account " + a.Namespace + "/" + a.Name,
		Subject: a.Subject, Audience: a.Audience, Issuer: a.Issuer,
	}}
}
