package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
)

// explainConfiguration handles errors in the content of the AWS files.
func explainConfiguration(t *try, err error) (cause, next string) {
	role, isRole := errors.AsType[config.SharedConfigAssumeRoleError](err)
	missing, isMissing := errors.AsType[config.SharedConfigProfileNotExistError](err)
	unreadable, isUnreadable := errors.AsType[config.SharedConfigLoadError](err)
	switch {
	case isRole && role.Err == nil:
		return t.explainSourceProfile(role)
	case isRole:
		return fmt.Sprintf("%s assumes role %s with source_profile %q, which cannot be used: %v",
				t.identity.label, role.RoleARN, role.Profile, role.Err),
			"check that this profile exists and contains credentials"
	case isMissing:
		where := "AWS_PROFILE"
		if t.wanted.Profile != "" {
			where = "the rule for this registry in the ecr-login configuration"
		}
		return fmt.Sprintf("profile %q does not exist in %s", missing.Profile, t.files()), cmp.Or(t.explainSection(missing.Profile),
			fmt.Sprintf("check %s, or create the profile: aws configure --profile %s", where, shell(missing.Profile)))
	case isUnreadable:
		return fmt.Sprintf("the AWS configuration cannot be read: %s: %v", unreadable.Filename, unreadable.Err),
			"check the file and its permissions"
	case is[config.AssumeRoleTokenProviderNotSetError](err):
		return fmt.Sprintf("%s requires an MFA code, which cannot be entered while a client is waiting", t.identity.label),
			fmt.Sprintf(`set temporary credentials in the environment first: eval "$(aws configure export-credentials --profile %s --format env)"`,
				shell(t.identity.profile))
	}
	return "", ""
}

// explainRoleAlone handles a profile with role_arn only, after a description of the profile. On an EC2 instance the SDK
// assumes that role with the identity of the instance.
func explainRoleAlone(description, profile string) (cause, next string) {
	return description + " has role_arn but neither source_profile nor credential_source",
		fmt.Sprintf("add one of them to profile %q, for example source_profile = NAME or credential_source = Ec2InstanceMetadata", profile)
}

// explainSourceProfile handles a source_profile that exists but has no credentials. The SDK does not report the reason,
// so explainSourceProfile reads the profile again.
func (t *try) explainSourceProfile(role config.SharedConfigAssumeRoleError) (cause, next string) {
	cause = fmt.Sprintf("%s assumes role %s with source_profile %q, which", t.identity.label, role.RoleARN, role.Profile)
	source, err := t.readProfile(role.Profile)
	switch {
	case err != nil: // it refers to itself
		return fmt.Sprintf("%s cannot be used: its source_profile settings are circular and lead back to profile %q, which has no access keys",
				t.identity.label, role.Profile),
			"specify a source_profile that has credentials"
	case source.RoleARN != "":
		return explainRoleAlone(cause, role.Profile)
	}
	return cause + " has no credentials",
		fmt.Sprintf("add access keys or another source of credentials to profile %q, or specify another source_profile", role.Profile)
}

// readProfile reads a profile from the AWS files, as the SDK does.
func (t *try) readProfile(name string) (config.SharedConfig, error) {
	return config.LoadSharedConfigProfile(context.Background(), name, func(o *config.LoadSharedConfigOptions) {
		o.ConfigFiles, o.CredentialsFiles = t.awsFiles()[:1], t.awsFiles()[1:]
	})
}

// explainUnreadable handles an AWS file that exists but cannot be opened, or has another encoding. The SDK treats it as
// missing or ignores sections, and then reports a missing profile or missing credentials. If no profile is named, the
// home directory of another user counts as empty.
func explainUnreadable(t *try, err error) (cause, next string) {
	named := is[config.SharedConfigProfileNotExistError](err) || is[config.SharedConfigAssumeRoleError](err)
	if !named && !t.lacksIdentity(err) {
		return "", ""
	}
	for _, file := range t.awsFiles() {
		f, err := openRegular(file)
		marked := f != nil && startsWithMark(f)
		_ = f.Close() // a nil file is allowed
		if reason, ok := errors.AsType[*fs.PathError](err); ok && !errors.Is(err, fs.ErrNotExist) && (named || !isUnsearchable(file)) {
			return fmt.Sprintf("profile %q: %s cannot be read: %v", t.identity.profile, file, reason.Err),
				"check the permissions of the file and of the directories above it"
		}
		if marked {
			return fmt.Sprintf("profile %q: %s starts with a byte order mark, which the AWS SDKs do not support", t.identity.profile, file),
				"save the file as UTF-8 without it"
		}
	}
	return "", ""
}

// isUnsearchable reports whether a parent directory of a file is inaccessible, as in the home directory of another
// user.
func isUnsearchable(file string) bool {
	_, err := os.Lstat(file)
	return errors.Is(err, fs.ErrPermission)
}

// lacksIdentity reports whether err comes from the last source of credentials in the chain, although the user's
// configuration does not select that source. It means that there are no credentials.
func (t *try) lacksIdentity(err error) bool {
	service, _ := operation(err)
	return !t.keys.HasKeys() && t.identity.source == lastResort && service != "STS"
}

// explainBundle handles an invalid CA bundle.
func explainBundle(t *try, err error) (cause, next string) {
	setting, where, file := "AWS_CA_BUNDLE", "AWS_CA_BUNDLE, or unset it", t.env.CustomCABundle
	if file == "" {
		setting, where, file = fmt.Sprintf("ca_bundle of profile %q", t.identity.profile), "ca_bundle, or remove it", t.shared.CustomCABundle
	}
	unread, isPath := errors.AsType[*fs.PathError](err)
	problem := ""
	switch {
	case t.keys.HasKeys() || file == "":
		return "", ""
	case isPath && unread.Path == file:
		problem = fmt.Sprintf("which cannot be read: %v", unread.Err)
	case strings.Contains(err.Error(), "failed to load custom CA bundle PEM file"):
		problem = "which contains no certificate in PEM format"
	default:
		return "", ""
	}
	return fmt.Sprintf("%s specifies %s, %s (using %s)", setting, file, problem, t.identity.label),
		fmt.Sprintf("correct %s to use the certificate authorities of the system", where)
}

// awsFiles returns the paths of the configuration file and of the credentials file.
func (t *try) awsFiles() []string {
	return []string{
		cmp.Or(t.env.SharedConfigFile, config.DefaultSharedConfigFilename()),
		cmp.Or(t.env.SharedCredentialsFile, config.DefaultSharedCredentialsFilename()),
	}
}

// files returns the paths of the AWS files for a message.
func (t *try) files() string { return strings.Join(t.awsFiles(), " or ") }
