package aws

import (
	"cmp"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/config"
)

// A source is a source of credentials. The constants are in the order of the SDK's credential chain.
type source int

const (
	unknown     source = iota
	environment        // AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
	webIdentity        // a token file and a role
	keys               // access keys in the AWS files
	sso                // IAM Identity Center
	login              // aws login
	external           // credential_process
	container          // endpoint of ECS or EKS Pod Identity
	metadata           // the EC2 metadata service
	lastResort         // the EC2 metadata service, because the configuration selects no source
)

// An identity is the AWS identity to use, as far as the configuration determines it before any request.
type identity struct {
	label   string // description, such as `profile "dev"` or "the access key in AWS_ACCESS_KEY_ID"; never a secret
	source  source // of the initial credentials
	profile string // the profile with the source, after following source_profile; empty if no profile is used
	command string // credential_process of that profile, if any
	start   string // name or start URL of the SSO session
	portal  string // region of that session
	role    string // ARN of the role to be assumed, if any
}

// identityUnloaded returns the identity that the SDK would have used, and its settings in the AWS files, after loading
// the configuration failed with err.
func (t *try) identityUnloaded(err error) (identity, config.SharedConfig) {
	profile := cmp.Or(t.wanted.Profile, t.env.SharedConfigProfile, config.DefaultSharedConfigProfile)
	id := identity{label: fmt.Sprintf("profile %q", profile), profile: profile}
	shared, sharedErr := t.readProfile(profile)
	if is[config.SharedConfigProfileNotExistError](sharedErr) && t.wanted.Profile == "" && t.environ.Get("AWS_PROFILE") == "" {
		sharedErr = nil // as the SDK does
	}
	if sharedErr != nil || is[config.AssumeRoleTokenProviderNotSetError](err) {
		return id, shared
	}
	id = identityOf(t.env, shared, t.wanted.Profile)
	id.source = unknown // no credentials were requested, so err is not about their source
	return id, shared
}

// identityOf returns the identity that the SDK will use with these settings of the environment and of the AWS files.
// The profile is that of the matching rule, if any. identityOf follows the order of resolveCredentialChain in the SDK's
// config/resolve_credentials.go.
func identityOf(env config.EnvConfig, shared config.SharedConfig, profile string) identity {
	switch {
	case profile != "": // takes precedence over the environment, unlike AWS_PROFILE
	case env.Credentials.HasKeys():
		return identity{label: "the access key in AWS_ACCESS_KEY_ID", source: environment}
	case env.WebIdentityTokenFilePath != "":
		return identity{label: "the web identity of AWS_ROLE_ARN " + env.RoleARN, source: webIdentity, role: env.RoleARN}
	}
	id := identity{profile: cmp.Or(shared.Profile, env.SharedConfigProfile, config.DefaultSharedConfigProfile), role: shared.RoleARN}
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
		id.source = map[string]source{
			"Ec2InstanceMetadata": metadata, "EcsContainer": container, "Environment": environment,
		}[leaf.CredentialSource]
		id.label += " with credential_source " + leaf.CredentialSource
	case leaf.WebIdentityTokenFile != "":
		id.source = webIdentity
	case leaf.SSOSession != nil || leaf.SSOAccountID != "" || leaf.SSOStartURL != "":
		id.source, id.start, id.portal = sso, cmp.Or(leaf.SSOSessionName, leaf.SSOStartURL), leaf.SSORegion
		if leaf.SSOSession != nil {
			id.portal = leaf.SSOSession.SSORegion
		}
	case leaf.LoginSession != "":
		id.source = login
	case leaf.CredentialProcess != "":
		id.source = external
	case env.ContainerCredentialsRelativePath != "" || env.ContainerCredentialsEndpoint != "":
		id.source, id.label = container, "the container credentials endpoint"
	case leaf != &shared:
		id.source, id.label = metadata, "the EC2 metadata service"
	default:
		id.source, id.label = lastResort, "the EC2 metadata service"
	}
	return id
}
