package aws_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
	"ecrlogin/internal/awstest"
	"ecrlogin/registry"
)

// tokenAs requests a token with an identity of the user's configuration.
func (m *machine) tokenAs(host string, id credentials.Identity) (credentials.Token, error) {
	m.t.Helper()
	r, err := registry.Parse(host)
	if err != nil {
		m.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(m.t.Context(), timeLimit)
	defer cancel()
	s := &aws.Source{Identity: func(got registry.Registry) credentials.Identity {
		if got != r {
			m.t.Errorf("Identity was called for %s, want %s", got, r)
		}
		return id
	}}
	return s.Token(ctx, r)
}

const (
	pullRole    = "arn:aws:iam::444455556666:role/team/image-puller"
	chinaRole   = "arn:aws-cn:iam::444455556666:role/image-puller"
	baseProfile = "[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = basesecret\n"
)

// withProfiles returns a machine with keys in the environment and others in profile base.
func withProfiles(t *testing.T) *machine {
	t.Helper()
	m := withKeys(t)
	cloud.AddKey(awstest.Key{ID: "AKIABASE", Secret: "basesecret", Account: "111122223333"})
	m.config(baseProfile)
	return m
}

// The profile of a rule takes precedence over the environment.
func TestProfileOfARule(t *testing.T) {
	m := withProfiles(t)
	m.env("AWS_PROFILE", "absent")
	token, err := m.tokenAs(privateHost, credentials.Identity{Profile: "base"})
	if err != nil {
		t.Fatal(err)
	}
	if n := cloud.CountKey(awstest.GetAuthorizationToken, "AKIABASE"); n != 1 || token.IssuedTo != `profile "base"` {
		t.Errorf("%d calls with the profile, %v", n, token)
	}
}

// A role is assumed in the registry's region and partition, with all settings of the rule.
func TestRoleOfARule(t *testing.T) {
	for _, tt := range []struct {
		host, role, sts string
	}{
		{"444455556666.dkr.ecr.eu-west-1.amazonaws.com", pullRole, "sts.eu-west-1.amazonaws.com"},
		{"444455556666.dkr.ecr-fips.us-west-2.amazonaws.com", pullRole, "sts.us-west-2.amazonaws.com"},
		{"444455556666.dkr.ecr.cn-north-1.amazonaws.com.cn", chinaRole, "sts.cn-north-1.amazonaws.com.cn"},
		{"public.ecr.aws", pullRole, "sts.us-east-1.amazonaws.com"},
	} {
		t.Run(tt.host, func(t *testing.T) {
			m := withProfiles(t)
			m.env("AWS_REGION", "ap-southeast-1")
			cloud.AllowRoleWithExternalID(tt.role, "ext-1")
			token, err := m.tokenAs(tt.host, credentials.Identity{Profile: "base", RoleARN: tt.role, ExternalID: "ext-1", RoleSessionName: "ci@example", Duration: 20 * time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			if want := "role " + tt.role + ` via profile "base"`; token.IssuedTo != want {
				t.Errorf("issued to %q, want %q", token.IssuedTo, want)
			}
			call := cloud.Calls()[0]
			form := call.Form
			if call.Op != awstest.AssumeRole || call.Host != tt.sts || call.KeyID != "AKIABASE" || form.Get("RoleArn") != tt.role ||
				form.Get("ExternalId") != "ext-1" || form.Get("RoleSessionName") != "ci@example" || form.Get("DurationSeconds") != "1200" {
				t.Errorf("assumed by %+v", call)
			}
		})
	}
}

// Without a profile, the role is assumed with the identity that the SDK finds, and with default settings.
func TestRoleOfARuleWithoutProfile(t *testing.T) {
	m := withProfiles(t)
	cloud.AllowRole(pullRole)
	if _, err := m.tokenAs(privateHost, credentials.Identity{RoleARN: pullRole}); err != nil {
		t.Fatal(err)
	}
	calls := cloud.Calls()
	if got := []string{calls[0].KeyID, calls[0].Form.Get("RoleSessionName"), calls[0].Form.Get("ExternalId")}; !slices.Equal(got, []string{awstest.KeyID, "ecr-login", ""}) {
		t.Errorf("assumed with %q", got)
	}
	if calls[1].Op != awstest.GetAuthorizationToken || !strings.HasPrefix(calls[1].KeyID, "ASIA") {
		t.Errorf("the token was requested by %+v", calls[1])
	}
}

// Errors about the identity of a rule, with the next step.
func TestIdentityOfARuleFails(t *testing.T) {
	for _, tt := range []struct {
		name  string
		setUp func(*machine)
		id    credentials.Identity
		calls int
		want  string
	}{
		{"denied", nil, credentials.Identity{Profile: "base", RoleARN: "arn:aws:iam::444455556666:role/other"}, 1,
			`access denied: profile "base" (arn:aws:iam::111122223333:user/awstest) is not authorized to assume arn:aws:iam::444455556666:role/other; check that "Principal" in the role's trust policy names arn:aws:iam::111122223333:user/awstest or its account, and whether its "Condition" requires an sts:ExternalId, which is set with externalId or external_id; allow sts:AssumeRole on the role in the caller's IAM policy`},
		{"wrong external id", func(*machine) { cloud.AllowRoleWithExternalID("arn:aws:iam::444455556666:role/guarded", "ext-1") },
			credentials.Identity{Profile: "base", RoleARN: "arn:aws:iam::444455556666:role/guarded", ExternalID: "ext-2"}, 1,
			`is not authorized to assume arn:aws:iam::444455556666:role/guarded; check that "Principal" in the role's trust policy names arn:aws:iam::111122223333:user/awstest or its account, and that its condition on sts:ExternalId, if any, equals the rule's externalId; allow`},
		{"no such profile", nil, credentials.Identity{Profile: "typo"}, 0,
			`; check the rule for this registry in the ecr-login configuration, or create the profile: aws configure --profile typo`},
		{"other partition", nil, credentials.Identity{Profile: "base", RoleARN: chinaRole}, 0,
			"role " + chinaRole + " is not in the partition of the registry (aws); specify a role in that partition in roleArn"},
		{"too long", func(*machine) {
			cloud.Inject(awstest.Fault{Op: awstest.AssumeRole, Status: 400, Type: "ValidationError", Message: "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."})
		}, credentials.Identity{Profile: "base", RoleARN: pullRole, Duration: 12 * time.Hour}, 1,
			`profile "base" is not authorized to assume ` + pullRole + " for the requested duration: "},
		{"STS unavailable", func(*machine) { cloud.Inject(awstest.Fault{Op: awstest.AssumeRole, Status: 503}) },
			credentials.Identity{Profile: "base", RoleARN: pullRole}, 6, `sts.us-west-2.amazonaws.com is unavailable: it returned status 503 to profile "base" in each of 6 attempts`},
		{"denied to an instance", func(m *machine) {
			m.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", cloud.URL)
			m.env("AWS_ACCESS_KEY_ID", "")
		}, credentials.Identity{RoleARN: "arn:aws:iam::444455556666:role/other"}, 4, "access denied: the EC2 metadata service (arn:aws:sts::"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := withProfiles(t)
			if tt.setUp != nil {
				tt.setUp(m)
			}
			_, err := m.tokenAs(privateHost, tt.id)
			if err == nil || !strings.HasPrefix(err.Error(), privateHost+": ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
			if n := len(cloud.Calls()); n != tt.calls {
				t.Errorf("AWS was called %d times, want %d: %v", n, tt.calls, cloud.Calls())
			}
		})
	}
}

// If STS denies a role to an instance, the error is not attributed to the metadata service.
func TestRoleDeniedToAnInstance(t *testing.T) {
	m := newMachine(t)
	m.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", cloud.URL)
	m.env("AWS_PROFILE", "dev")
	m.config("[profile dev]\nrole_arn = arn:aws:iam::444455556666:role/other\ncredential_source = Ec2InstanceMetadata\n")
	_, err := m.token(privateHost)
	if err == nil || !strings.Contains(err.Error(), "is not authorized to assume arn:aws:iam::444455556666:role/other; check that") {
		t.Errorf("got %v", err)
	}
}
