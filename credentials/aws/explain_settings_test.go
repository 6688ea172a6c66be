package aws_test

import (
	"strings"
	"testing"

	"ecrlogin/credentials"
	"ecrlogin/internal/awstest"
)

// Invalid AWS settings, keys with invisible characters, and files that other programs have saved in another encoding
// have specific messages.
func TestErrorsOfSettings(t *testing.T) {
	const keyLines = "aws_access_key_id = " + awstest.KeyID + "\naws_secret_access_key = " + awstest.SecretKey + "\n"
	credentialsFile := func(content string) func(m *machine) {
		return func(m *machine) { m.file(".aws/credentials", content) }
	}
	with := func(name, value string) func(m *machine) {
		return func(m *machine) {
			keys(m)
			m.env(name, value)
		}
	}
	const copyAgain = `copy it again, without spaces and line breaks; a file with Windows line endings adds \r to each value`
	checkFailures(t, []failureTest{
		{"invalid boolean", with("AWS_USE_FIPS_ENDPOINT", "yes"),
			`an AWS setting is invalid (using the access key in AWS_ACCESS_KEY_ID): AWS_USE_FIPS_ENDPOINT=yes, need true, false; correct the variable or the key in the AWS files, or remove it`},
		{"blank number", with("AWS_MAX_ATTEMPTS", " "),
			`an AWS setting is invalid (using the access key in AWS_ACCESS_KEY_ID): invalid value AWS_MAX_ATTEMPTS= , *; correct the variable *`},
		{"invalid setting in a profile", func(m *machine) { m.config("[default]\n" + keyLines + "max_attempts = many\n") },
			`an AWS setting is invalid (using profile "default"): *max_attempts=many*; correct the variable or the key in the AWS files, or remove it`},
		{"web identity without a role", func(m *machine) {
			m.env("AWS_WEB_IDENTITY_TOKEN_FILE", m.file("token", awstest.WebIdentityToken))
		}, `AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN; set AWS_ROLE_ARN to the role to assume, or unset AWS_WEB_IDENTITY_TOKEN_FILE`},

		{"access key ID with a carriage return", with("AWS_ACCESS_KEY_ID", awstest.KeyID+"\r"),
			`the access key in AWS_ACCESS_KEY_ID: the access key ID contains a space, a line break or another invalid character; ` + copyAgain},
		{"access key ID with a space", with("AWS_ACCESS_KEY_ID", " "+awstest.KeyID),
			`the access key in AWS_ACCESS_KEY_ID: the access key ID contains a space, *; ` + copyAgain},
		{"secret access key with a line break", with("AWS_SECRET_ACCESS_KEY", awstest.SecretKey+"\n"),
			`the access key in AWS_ACCESS_KEY_ID: the secret access key contains a space, *; ` + copyAgain},
		{"session token with a line break", with("AWS_SESSION_TOKEN", "hunter2\nhunter2"),
			`the access key in AWS_ACCESS_KEY_ID: the session token contains a space, *; ` + copyAgain},

		{"byte order mark", credentialsFile("\ufeff[default]\n" + keyLines),
			`profile "default": HOME/.aws/credentials starts with a byte order mark, which the AWS SDKs do not support; save the file as UTF-8 without it`},
		{"UTF-16", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("\xff\xfe[\x00d\x00]\x00")
		}, `profile "dev": HOME/.aws/config starts with a byte order mark, which the AWS SDKs do not support; save *`},
		{"profile without its prefix", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config(" [ dev ] # mine\r\nregion = us-east-1\r\n")
		}, `profile "dev" does not exist in HOME/.aws/config or HOME/.aws/credentials; in HOME/.aws/config, write [profile dev] instead of [dev]`},
		{"prefix in the credentials file", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.file(".aws/credentials", "[profile dev]\n"+keyLines)
		}, `profile "dev" does not exist in HOME/.aws/config or HOME/.aws/credentials; in HOME/.aws/credentials, write [dev] instead of [profile dev]`},
		{"prefix of the default profile in the credentials file", credentialsFile("[profile default]\n" + keyLines),
			`no AWS credentials found: *; in HOME/.aws/credentials, write [default] instead of [profile default]`},
	})
}

// A proxy that does not use TLS is often configured with a URL that starts with https.
func TestProxyWithoutTLS(t *testing.T) {
	m := withKeys(t)
	host := strings.TrimPrefix(cloud.Proxy, "http://")
	want := privateHost + ": TLS connection to proxy " + host + " for api.ecr.us-west-2.amazonaws.com failed: *; " +
		"use http:// instead of https:// in HTTPS_PROXY"
	if got := m.child(credentials.Identity{}, "HTTPS_PROXY=https://"+host); !match(want, got) {
		t.Errorf("error\n got %s\nwant %s", got, want)
	}
}
