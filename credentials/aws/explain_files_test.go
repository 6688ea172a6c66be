package aws_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// Errors in the AWS files, SSO token files and CA bundles have specific messages.
func TestErrorsOfFiles(t *testing.T) {
	const role = "arn:aws:iam::210987654321:role/unassumable"
	const ssoProfile = "[profile dev]\nsso_session = corp\nsso_account_id = 210987654321\nsso_role_name = pull\n[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.test/start\n"
	const base = "[profile base]\naws_access_key_id = " + awstest.KeyID + "\naws_secret_access_key = " + awstest.SecretKey + "\n"
	checkFailures(t, []failureTest{
		{"source_profile without keys", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nrole_arn = " + role + "\nsource_profile = empty\n[profile empty]\nregion = eu-west-1\n")
		}, `profile "dev" assumes role ` + role + ` with source_profile "empty", which has no credentials; add access keys or another source of credentials to profile "empty", or specify another source_profile`},
		{"source_profile without keys, two profiles away", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nrole_arn = " + role + "\nsource_profile = mid\n[profile mid]\nrole_arn = " + role + "2\nsource_profile = empty\n[profile empty]\n")
		}, `profile "dev" assumes role ` + role + `2 with source_profile "empty", which has no credentials; *`},
		{"source_profile with a role alone", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nrole_arn = " + role + "\nsource_profile = mid\n[profile mid]\nrole_arn = " + role + "2\n")
		}, `profile "dev" assumes role ` + role + ` with source_profile "mid", which has role_arn but neither source_profile nor credential_source; add one of them to profile "mid", for example source_profile = NAME or credential_source = Ec2InstanceMetadata`},
		{"source_profile is circular", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nrole_arn = " + role + "\nsource_profile = mid\n[profile mid]\nrole_arn = " + role + "2\nsource_profile = dev\n")
		}, `profile "dev" cannot be used: its source_profile settings are circular and lead back to profile "dev", which has no access keys; specify a source_profile that has credentials`},
		{"source_profile is circular two profiles away", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nrole_arn = " + role + "\nsource_profile = a\n[profile a]\nrole_arn = " + role + "\nsource_profile = b\n[profile b]\nrole_arn = " + role + "\nsource_profile = a\n")
		}, `profile "dev" cannot be used: its source_profile settings are circular and lead back to profile "a", *`},
		{"source_profile that is the profile", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nrole_arn = " + role + "\nsource_profile = dev\n")
		}, `profile "dev" cannot be used: its source_profile settings are circular and lead back to profile "dev", *`},
		{"role without a source", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nrole_arn = " + role + "\n")
		}, `profile "dev" has role_arn but neither source_profile nor credential_source; add one of them to profile "dev", for example source_profile = NAME or credential_source = Ec2InstanceMetadata`},
		{"credentials unreadable", func(m *machine) {
			m.env("AWS_SHARED_CREDENTIALS_FILE", m.loop("credentials"))
		}, `profile "default": HOME/credentials cannot be read: too many levels of symbolic links; check the permissions of the file and of the directories above it`},
		{"credentials unreadable, profile named", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.env("AWS_SHARED_CREDENTIALS_FILE", m.loop("credentials"))
			m.config("[profile other]\n")
		}, `profile "dev": HOME/credentials cannot be read: too many levels of symbolic links; *`},
		{"credentials unreadable, source_profile in them", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.env("AWS_SHARED_CREDENTIALS_FILE", m.loop("credentials"))
			m.config("[profile dev]\nrole_arn = " + role + "\nsource_profile = base\n")
		}, `profile "dev": HOME/credentials cannot be read: too many levels of symbolic links; *`},
		{"configuration of AWS cannot be opened", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.env("AWS_CONFIG_FILE", m.loop("config"))
		}, `profile "dev": HOME/config cannot be read: too many levels of symbolic links; *`},
		{"missing CA bundle", func(m *machine) {
			keys(m)
			m.env("AWS_CA_BUNDLE", m.home+"/none.pem")
		}, `AWS_CA_BUNDLE specifies HOME/none.pem, which cannot be read: no such file or directory (using the access key in AWS_ACCESS_KEY_ID); correct AWS_CA_BUNDLE, or unset it to use the certificate authorities of the system`},
		{"missing CA bundle, profile", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config(base + "[profile dev]\nrole_arn = " + role + "\nsource_profile = base\n")
			m.env("AWS_CA_BUNDLE", m.home+"/none.pem")
		}, `AWS_CA_BUNDLE specifies HOME/none.pem, which cannot be read: no such file or directory (using profile "dev" via profile "base"); *`},
		{"missing CA bundle, no identity", func(m *machine) {
			m.env("AWS_CA_BUNDLE", m.home+"/none.pem")
		}, `AWS_CA_BUNDLE specifies HOME/none.pem, which cannot be read: no such file or directory (using the EC2 metadata service); *`},
		{"missing CA bundle of a profile", func(m *machine) {
			m.env("AWS_PROFILE", "base")
			m.env("AWS_CA_BUNDLE", "")
			m.config(base + "ca_bundle = " + m.home + "/none.pem\n")
		}, `ca_bundle of profile "base" specifies HOME/none.pem, which cannot be read: no such file or directory (using profile "base"); correct ca_bundle, or remove it to use the certificate authorities of the system`},
		{"CA bundle without a certificate", func(m *machine) {
			keys(m)
			m.env("AWS_CA_BUNDLE", m.file("empty.pem", "hunter2\n"))
		}, `AWS_CA_BUNDLE specifies HOME/empty.pem, which contains no certificate in PEM format (using the access key in AWS_ACCESS_KEY_ID); correct AWS_CA_BUNDLE, *`},
		{"SSO token file broken", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config(ssoProfile)
			m.sso("corp", time.Hour)
			m.spoil("{hunter2")
		}, `profile "dev": HOME/.aws/sso/cache/*.json is not a valid SSO token; run: aws sso login --profile dev`},
		{"SSO token file empty", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config(ssoProfile)
			m.sso("corp", time.Hour)
			m.spoil("")
		}, `profile "dev": HOME/.aws/sso/cache/*.json is not a valid SSO token; run: aws sso login --profile dev`},
		{"SSO token file without a token", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config(ssoProfile)
			m.sso("corp", time.Hour)
			m.spoil("{}")
		}, `profile "dev": HOME/.aws/sso/cache/*.json is not a valid SSO token; run: aws sso login --profile dev`},
		{"SSO token file with a wrong time, older keys", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nsso_region = us-east-1\nsso_start_url = https://corp.test/start\nsso_account_id = 210987654321\nsso_role_name = pull\n")
			m.sso("https://corp.test/start", time.Hour)
			m.spoil(`{"accessToken":"hunter2","expiresAt":"hunter2"}`)
		}, `profile "dev": HOME/.aws/sso/cache/*.json is not a valid SSO token; run: aws sso login --profile dev`},
		{"SSO token file unreadable", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config(ssoProfile)
			m.sso("corp", time.Hour)
			m.replace(func(path string) error { return os.Mkdir(path, 0o700) })
		}, `profile "dev": HOME/.aws/sso/cache/*.json cannot be read: is a directory; check its permissions, or run: aws sso login --profile dev`},
		{"aws login token broken", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.env("AWS_LOGIN_CACHE_DIRECTORY", m.home)
			m.config("[profile dev]\nlogin_session = arn:aws:iam::123456789012:user/me\n")
			sum := sha256.Sum256([]byte("arn:aws:iam::123456789012:user/me"))
			m.file(hex.EncodeToString(sum[:])+".json", `{"accessToken":{"expiresAt":"hunter2"}}`)
		}, `profile "dev": the token file of aws login is invalid; run: aws login --profile dev`},
	})
}

// loop returns the path of a symbolic link to itself, which no user can open, including root.
func (m *machine) loop(name string) string {
	m.t.Helper()
	path := filepath.Join(m.home, name)
	if err := os.Symlink(path, path); err != nil {
		m.t.Fatal(err)
	}
	return path
}

// replace replaces the SSO token file.
func (m *machine) replace(with func(path string) error) {
	m.t.Helper()
	files, err := filepath.Glob(filepath.Join(m.home, ".aws/sso/cache/*.json"))
	if err != nil || len(files) != 1 {
		m.t.Fatalf("the SSO cache contains %q, %v", files, err)
	}
	if err := os.Remove(files[0]); err != nil {
		m.t.Fatal(err)
	}
	if err := with(files[0]); err != nil {
		m.t.Fatal(err)
	}
}

// spoil overwrites the SSO token file.
func (m *machine) spoil(content string) {
	m.t.Helper()
	m.replace(func(path string) error { return os.WriteFile(path, []byte(content), 0o600) })
}
