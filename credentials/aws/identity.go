package aws

import (
	"cmp"
	"errors"
	"fmt"
	"os"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// A source is where an identity comes from, in the order in which the SDK looks.
type source int

const (
	unknown     source = iota
	environment        // AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
	webIdentity        // a token file and a role
	keys               // access keys in the AWS files
	sso                // IAM Identity Center
	login              // aws login
	external           // credential_process
	container          // the endpoint of ECS or EKS Pod Identity
	metadata           // the EC2 metadata service
)

// An identity is whom AWS is asked as, as far as the configuration tells before anything is sent.
type identity struct {
	label   string // for people; begins like "profile" or "the keys in AWS_ACCESS_KEY_ID" and holds no secret
	source  source // of the credentials which everything else builds on
	profile string // the one that names the source: behind source_profile, where there is one; "" when no profile is involved
	command string // the credential_process of that profile, if any
	start   string // of SSO: the session's name or start URL
	role    string // ARN of the role to be assumed, if any
	chosen  bool   // whether the user's configuration names the source; false when it is merely the last that is left
}

// identityUnloaded returns which identity the SDK would have used when it could not load the configuration for the reason err, and
// what the AWS files say of it. The profile is that of the user's configuration, if any.
func identityUnloaded(profile string, err error) (identity, config.SharedConfig) {
	id := identityFromEnv(profile)
	var mfa config.AssumeRoleTokenProviderNotSetError
	env, envErr := config.NewEnvConfig()
	shared, sharedErr := readProfile(id.profile)
	var missing config.SharedConfigProfileNotExistError
	if errors.As(sharedErr, &missing) && profile == "" && os.Getenv("AWS_PROFILE") == "" {
		sharedErr = nil // as the SDK does
	}
	if envErr != nil || sharedErr != nil || errors.As(err, &mfa) {
		return id, shared
	}
	id = identityOf(awssdk.Config{ConfigSources: []any{env, shared}}, profile)
	id.source = unknown // nothing was asked for credentials, so no error is about that
	return id, shared
}

// identityFromEnv is the best that can be said when the AWS configuration could not be read. The profile is that of the user's
// configuration, if any.
func identityFromEnv(profile string) identity {
	name := cmp.Or(profile, profileName())
	return identity{label: fmt.Sprintf("profile %q", name), profile: name}
}

func profileName() string {
	return cmp.Or(os.Getenv("AWS_PROFILE"), os.Getenv("AWS_DEFAULT_PROFILE"), "default")
}

// identityOf tells which identity the SDK will use with cfg, which was loaded for a profile of the user's configuration or for
// none. It follows the order of the SDK's own resolveCredentialChain, config/resolve_credentials.go.
func identityOf(cfg awssdk.Config, profile string) identity {
	env, shared := sourcesOf(cfg)
	switch {
	case profile != "": // comes before the environment, unlike that of AWS_PROFILE
	case env.Credentials.HasKeys():
		return identity{label: "the keys in AWS_ACCESS_KEY_ID", source: environment, chosen: true}
	case env.WebIdentityTokenFilePath != "":
		return identity{label: "the web identity of AWS_ROLE_ARN " + env.RoleARN, source: webIdentity, role: env.RoleARN, chosen: true}
	}
	return identityOfProfile(env, shared)
}

// sourcesOf returns what the environment and the AWS files say.
func sourcesOf(cfg awssdk.Config) (env config.EnvConfig, shared config.SharedConfig) {
	for _, s := range cfg.ConfigSources {
		switch s := s.(type) {
		case config.EnvConfig:
			env = s
		case config.SharedConfig:
			shared = s
		}
	}
	return env, shared
}

func identityOfProfile(env config.EnvConfig, shared config.SharedConfig) identity {
	id := identity{profile: cmp.Or(shared.Profile, profileName()), role: shared.RoleARN, chosen: true}
	id.label = fmt.Sprintf("profile %q", id.profile)
	leaf := &shared
	for leaf.Source != nil {
		leaf = leaf.Source
	}
	if leaf != &shared {
		id.profile = leaf.Profile
		id.label += fmt.Sprintf(" via profile %q", leaf.Profile)
	}
	id.command = leaf.CredentialProcess
	switch {
	case leaf.Credentials.HasKeys():
		id.source = keys
	case leaf.CredentialSource != "":
		id.source = map[string]source{"Ec2InstanceMetadata": metadata, "EcsContainer": container, "Environment": environment}[leaf.CredentialSource]
		id.label += " with credential_source " + leaf.CredentialSource
	case leaf.WebIdentityTokenFile != "":
		id.source = webIdentity
	case leaf.SSOSession != nil || leaf.SSOAccountID != "" || leaf.SSOStartURL != "":
		id.source, id.start = sso, cmp.Or(leaf.SSOSessionName, leaf.SSOStartURL)
	case leaf.LoginSession != "":
		id.source = login
	case leaf.CredentialProcess != "":
		id.source = external
	case env.ContainerCredentialsRelativePath != "" || env.ContainerCredentialsEndpoint != "":
		id.source, id.label = container, "the container credentials endpoint"
	default:
		id.source, id.label = metadata, "the EC2 metadata service"
		id.chosen = leaf != &shared
	}
	return id
}
