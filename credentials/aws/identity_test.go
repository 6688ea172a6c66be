package aws_test

import (
	"crypto/fips140"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ecrlogin/internal/awstest"
)

// Each kind of identity that the SDK supports is found.
func TestTokenFindsEveryKindOfIdentity(t *testing.T) {
	const role = "arn:aws:iam::210987654321:role/pull"
	const outer = "arn:aws:iam::210987654321:role/outer"
	cloud.AllowRole(role)
	cloud.AllowRole(outer)
	const base = "[profile base]\naws_access_key_id = " + awstest.KeyID + "\naws_secret_access_key = " + awstest.SecretKey + "\n"
	// jsonKeys is what a credential_process prints.
	const jsonKeys = `{"Version":1,"AccessKeyId":"` + awstest.KeyID + `","SecretAccessKey":"` + awstest.SecretKey + `"}`
	tests := []struct {
		name  string
		setUp func(m *machine)
		want  []awstest.Operation // before GetAuthorizationToken
	}{
		{"environment", func(m *machine) {
			m.env("AWS_ACCESS_KEY_ID", awstest.KeyID)
			m.env("AWS_SECRET_ACCESS_KEY", awstest.SecretKey)
			m.env("AWS_PROFILE", "base")
			m.config("[profile base]\nrole_arn = " + role + "\ncredential_source = Environment\n")
		}, nil},
		{"keys of a profile", func(m *machine) {
			m.env("AWS_PROFILE", "base")
			m.config(base)
		}, nil},
		{"default profile", func(m *machine) {
			m.config(strings.Replace(base, "profile base", "default", 1))
		}, nil},
		{"source_profile", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config(base + "[profile dev]\nrole_arn = " + role + "\nsource_profile = base\nregion = eu-west-1\n")
		}, []awstest.Operation{awstest.AssumeRole}},
		{"source_profile chain", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config(base + "[profile mid]\nrole_arn = " + outer + "\nsource_profile = base\n[profile dev]\nrole_arn = " + role + "\nsource_profile = mid\n")
		}, []awstest.Operation{awstest.AssumeRole, awstest.AssumeRole}},
		{"credential_source Ec2InstanceMetadata", func(m *machine) {
			m.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", cloud.URL)
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nrole_arn = " + role + "\ncredential_source = Ec2InstanceMetadata\n")
		}, []awstest.Operation{awstest.MetadataToken, awstest.Metadata, awstest.Metadata, awstest.AssumeRole}},
		{"sso_session", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nsso_session = corp\nsso_account_id = 210987654321\nsso_role_name = pull\n[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.test/start\n")
			m.sso("corp", time.Hour)
		}, []awstest.Operation{awstest.GetRoleCredentials}},
		{"sso_session to be refreshed", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nsso_session = corp\nsso_account_id = 210987654321\nsso_role_name = pull\n[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.test/start\n")
			m.sso("corp", -time.Hour)
		}, []awstest.Operation{awstest.CreateToken, awstest.GetRoleCredentials}},
		{"older sso keys", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nsso_region = us-east-1\nsso_start_url = https://corp.test/start\nsso_account_id = 210987654321\nsso_role_name = pull\n")
			m.sso("https://corp.test/start", time.Hour)
		}, []awstest.Operation{awstest.GetRoleCredentials}},
		{"credential_process", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\ncredential_process = cat " + m.file("keys.json", jsonKeys) + "\n")
		}, nil},
		{"credential_process as source_profile", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile base]\ncredential_process = cat " + m.file("keys.json", jsonKeys) + "\n[profile dev]\nrole_arn = " + role + "\nsource_profile = base\n")
		}, []awstest.Operation{awstest.AssumeRole}},
		{"credential_process at the end of a chain", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile base]\ncredential_process = cat " + m.file("keys.json", jsonKeys) + "\n[profile mid]\nrole_arn = " + outer +
				"\nsource_profile = base\n[profile dev]\nrole_arn = " + role + "\nsource_profile = mid\n")
		}, []awstest.Operation{awstest.AssumeRole, awstest.AssumeRole}},
		{"credential_process and a role in one profile", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nrole_arn = " + role + "\ncredential_process = cat " + m.file("keys.json", jsonKeys) + "\n")
		}, []awstest.Operation{awstest.AssumeRole}},
		{"web identity", func(m *machine) {
			m.env("AWS_ROLE_ARN", role)
			m.env("AWS_WEB_IDENTITY_TOKEN_FILE", m.file("token", awstest.WebIdentityToken))
		}, []awstest.Operation{awstest.AssumeRoleWithWebIdentity}},
		{"web identity of a profile", func(m *machine) {
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\nrole_arn = " + role + "\nweb_identity_token_file = " + m.file("token", awstest.WebIdentityToken) + "\n")
		}, []awstest.Operation{awstest.AssumeRoleWithWebIdentity}},
		{"container endpoint", func(m *machine) {
			m.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", cloud.URL+"/container")
		}, []awstest.Operation{awstest.ContainerCredentials}},
		{"Pod Identity endpoint", func(m *machine) {
			cloud.SetContainerToken("pod-token")
			m.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", cloud.URL+"/container")
			m.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", m.file("pod", "pod-token"))
		}, []awstest.Operation{awstest.ContainerCredentials}},
		{"EC2 metadata", func(m *machine) {
			m.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", cloud.URL)
		}, []awstest.Operation{awstest.MetadataToken, awstest.Metadata, awstest.Metadata}},
	}
	check := func(t *testing.T, m *machine, want []awstest.Operation) {
		m.mustToken(privateHost)
		var got []awstest.Operation
		hosts := map[string]int{}
		for _, c := range cloud.Calls() {
			got = append(got, c.Op)
			if strings.HasPrefix(string(c.Op), "AssumeRole") && c.Host != "sts.us-west-2.amazonaws.com" {
				t.Errorf("%s was sent to %s, not to the registry's region", c.Op, c.Host)
			}
			if c.Proxied {
				hosts[c.Host] = 1
			}
		}
		if diff := cmp.Diff(append(want, awstest.GetAuthorizationToken), got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		if m.sdkClient {
			return // it has connections for each service
		}
		dialed := map[string]int{}
		for _, host := range cloud.DialedHosts() {
			dialed[host]++
		}
		if diff := cmp.Diff(hosts, dialed); diff != "" {
			t.Errorf("connections to each host (-want +got):\n%s", diff)
		}
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t)
			tt.setUp(m)
			check(t, m, tt.want)
		})
		t.Run(tt.name+" with a CA bundle", func(t *testing.T) {
			m := newMachine(t)
			m.trustBundle()
			tt.setUp(m)
			check(t, m, tt.want)
		})
	}
}

// sso writes the token file that "aws sso login" writes.
func (m *machine) sso(key string, expiresIn time.Duration) {
	m.t.Helper()
	if fips140.Enforced() {
		m.t.Skip("the AWS SDK finds the SSO session with SHA-1")
	}
	if err := cloud.WriteSSOCache(m.home, key, time.Now().Add(expiresIn)); err != nil {
		m.t.Fatal(err)
	}
}
