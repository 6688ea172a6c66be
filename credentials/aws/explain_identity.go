package aws

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"

	"ecrlogin/internal/advice"
)

// explainRole handles errors that are specific to the role of a rule in the configuration.
func explainRole(t *try, err error) (cause, next string) {
	switch {
	case errors.Is(err, errPartition):
		return fmt.Sprintf("role %s is not in the partition of the registry (%s)", t.identity.role, t.registry.Partition),
			"specify a role in that partition in roleArn, and a profile that can assume it; identities are not valid across partitions"
	case apiCode(err) == "ValidationError" && strings.Contains(t.message(err), "DurationSeconds"):
		return fmt.Sprintf("%s is not authorized to assume %s for the requested duration: %s", t.identity.label, t.identity.role, t.plain(err)),
			"reduce duration, or increase the maximum session duration of the role"
	case apiCode(err) == "PackedPolicyTooLarge" && t.wanted.Policy != "":
		return "the session policy of allow and repositories is too large for STS: " + t.plain(err),
			"use fewer repositories, or patterns such as team-a/* for several of them"
	case apiCode(err) == "MalformedPolicyDocument" && t.wanted.Policy != "":
		return "STS rejected the session policy of allow and repositories: " + t.plain(err),
			"check repositories in the rule, or remove both keys"
	}
	return "", ""
}

// explainSource handles errors that are specific to the source of the AWS credentials.
func explainSource(t *try, err error) (cause, next string) {
	explain := sourceExplanations[t.identity.source]
	if explain == nil || t.keys.HasKeys() {
		return "", ""
	}
	return explain(t, err)
}

var sourceExplanations = map[source]explanation{
	sso:         explainSSO,
	login:       explainLogin,
	external:    explainProcess,
	metadata:    explainMetadata,
	lastResort:  explainMetadata,
	container:   explainContainer,
	webIdentity: explainWebIdentity,
}

func explainSSO(t *try, err error) (cause, next string) {
	login := "run: aws sso login --profile " + shell(t.identity.profile)
	unreadable, isPath := errors.AsType[*fs.PathError](err)
	service, _ := operation(err)
	if e, ok := errors.AsType[renewalError](err); ok {
		cause, next = advice.Of(e.error)
		return fmt.Sprintf("the SSO session of %s cannot be renewed: %s", t.identity.label, cause), cmp.Or(next, login)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("%s uses SSO, but has no SSO session", t.identity.label), login
	case isPath:
		return fmt.Sprintf("%s: %s cannot be read: %v", t.identity.label, unreadable.Path, unreadable.Err), "check its permissions, or " + login
	// The SDK has no error type for the content of the file.
	case strings.Contains(err.Error(), "failed to parse cached SSO token file"), strings.Contains(err.Error(), "cached SSO token must contain"):
		file, _ := ssocreds.StandardCachedTokenFilepath(t.identity.start) // never fails: the file was found
		return fmt.Sprintf("%s: %s is not a valid SSO token", t.identity.label, file), login
	case is[*ssocreds.InvalidTokenError](err),
		apiCode(err) == "" && strings.Contains(err.Error(), "cached SSO token is expired"),
		service == "SSO OIDC" && statusCode(err)/100 == 4 && !throttled(err),
		service == "SSO" && statusCode(err) == 401:
		return fmt.Sprintf("the SSO session of %s has expired", t.identity.label), login
	case service == "SSO" && statusCode(err) == 403:
		return fmt.Sprintf("%s: this SSO user is not authorized for the role and account of the profile (%s)", t.identity.label, t.plain(err)),
			"check sso_role_name and sso_account_id, or request that permission set"
	}
	return "", ""
}

// explainLogin handles profiles of "aws login". The SDK has no error types for them.
func explainLogin(t *try, err error) (cause, next string) {
	again := "run: aws login --profile " + shell(t.identity.profile)
	switch {
	case strings.Contains(err.Error(), "reauthenticate"):
		return fmt.Sprintf("the login session of %s has expired or does not exist", t.identity.label), again
	case strings.Contains(err.Error(), "load login token"), strings.Contains(err.Error(), "validate login token"):
		return fmt.Sprintf("%s: the token file of aws login is invalid", t.identity.label), again
	}
	return "", ""
}

func explainProcess(t *try, err error) (cause, next string) {
	e, ok := errors.AsType[processError](err)
	if !ok {
		return "", ""
	}
	return fmt.Sprintf("%s returned no credentials: %s", t.identity.label, e),
		"run its credential_process manually and check the output"
}

// explainMetadata handles the EC2 metadata service, the last source in the chain. If the configuration does not select
// it, its failure means that there are no credentials.
func explainMetadata(t *try, err error) (cause, next string) {
	if service, _ := operation(err); service == "STS" {
		return "", ""
	}
	service := t.metadataCause(err)
	if service == silentMetadata {
		next = "if this runs in a container on EC2, raise the hop limit of its metadata: " +
			"aws ec2 modify-instance-metadata-options --instance-id INSTANCE --http-put-response-hop-limit 2"
	}
	if t.identity.source == metadata {
		return fmt.Sprintf("%s returned no credentials: the EC2 metadata service %s", t.identity.label, service),
			cmp.Or(next, "check that the instance has a role")
	}
	if t.identity.role != "" {
		return explainRoleAlone(fmt.Sprintf("profile %q", t.identity.profile), t.identity.profile)
	}
	places := t.files()
	if slices.ContainsFunc(t.awsFiles(), isUnsearchable) {
		places += " (in a directory that this user cannot access)"
	}
	return fmt.Sprintf("no AWS credentials found: %s, not in profile %q of %s, no container credentials endpoint, "+
			"and the EC2 metadata service %s", t.environmentCause(), t.identity.profile, places, service),
		cmp.Or(next, t.explainSection(t.identity.profile), "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run: aws configure")
}

// environmentCause explains why the environment has no credentials. Half of a key pair is common in CI, where a server
// may withhold one of the variables from a job.
func (t *try) environmentCause() string {
	id, secret := t.environ.Get("AWS_ACCESS_KEY_ID") != "", t.environ.Get("AWS_SECRET_ACCESS_KEY") != ""
	switch {
	case id && !secret:
		return "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY"
	case secret && !id:
		return "AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID"
	}
	return "not in the environment"
}

const silentMetadata = "accepted the connection but did not respond"

// metadataCause describes the failure of the metadata service. In a container on an instance with hop limit 1, the
// response to the token request never arrives. The SDK then continues without a token and gets status 401.
func (t *try) metadataCause(err error) string {
	sent, isSent := errors.AsType[*url.Error](err)
	switch status := t.last.Load().status; {
	case strings.Contains(err.Error(), "AWS_EC2_METADATA_DISABLED"):
		return "is disabled by AWS_EC2_METADATA_DISABLED"
	case status == 401, isSent && sent.Timeout() && operationOf(err) != "dial":
		return silentMetadata
	case status == 404:
		return "has no role for this instance"
	case status != 0:
		return fmt.Sprintf("returned status %d", status)
	}
	cause, _ := NetworkAdvice(err)
	return fmt.Sprintf("cannot be reached (%s)", cmp.Or(cause, t.plain(err)))
}

// explainContainer handles an error of the ECS or EKS Pod Identity endpoint. If the endpoint cannot be reached,
// explainNetwork handles it.
func explainContainer(t *try, err error) (cause, next string) {
	const token = "check AWS_CONTAINER_AUTHORIZATION_TOKEN or the file in AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, " +
		"and the role of this task or pod"
	_, call := operation(err)
	switch {
	case call != "", is[*url.Error](err):
		return "", ""
	case apiCode(err) != "":
		return fmt.Sprintf("%s rejected the request: %s", t.identity.label, t.plain(err)), token
	case strings.Contains(err.Error(), "uthorization token"): // the SDK has no type for these errors
		next = token
	default:
		next = "check AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, and the role of this task or pod"
	}
	return fmt.Sprintf("%s returned no credentials: %s", t.identity.label, t.plain(err)), next
}

func explainWebIdentity(t *try, err error) (cause, next string) {
	const unreadable = "unable to read file at " // text of the SDK, which does not wrap the file error
	switch {
	case strings.Contains(err.Error(), unreadable):
		_, file, _ := strings.Cut(err.Error(), unreadable)
		return fmt.Sprintf("%s: the web identity token cannot be read: %s", t.identity.label, file),
			"check AWS_WEB_IDENTITY_TOKEN_FILE or web_identity_token_file"
	case apiCode(err) == "InvalidIdentityToken", apiCode(err) == "ExpiredTokenException", apiCode(err) == "IDPRejectedClaim":
		return fmt.Sprintf("%s: AWS rejected the web identity token: %s", t.identity.label, t.plain(err)),
			"get a new token, and check that its issuer is an identity provider of the role's account" + t.claims()
	}
	return "", ""
}

// shell quotes a profile name for a shell if necessary.
func shell(name string) string {
	if name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./@:+") == "" {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}
