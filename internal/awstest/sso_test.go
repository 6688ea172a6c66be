package awstest_test

import (
	"crypto/fips140"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"ecrlogin/internal/awstest"
)

const ssoConfig = `
[sso-session corp]
sso_region = eu-west-1
sso_start_url = https://awstest.awsapps.com/start
sso_registration_scopes = sso:account:access
[profile session]
sso_session = corp
sso_account_id = 210987654321
sso_role_name = Developer
[profile legacy]
sso_region = eu-west-1
sso_start_url = https://awstest.awsapps.com/start
sso_account_id = 210987654321
sso_role_name = Developer
`

// ssoProfile selects profile, with an SSO login that expires at expires.
func ssoProfile(t *testing.T, s *awstest.Server, profile, key string, expires time.Time) {
	t.Helper()
	if fips140.Enforced() {
		t.Skip("the AWS SDK finds the SSO session with SHA-1")
	}
	home := isolate(t, map[string]string{"AWS_PROFILE": profile})
	t.Setenv("AWS_CONFIG_FILE", writeFile(t, home, ".aws/config", ssoConfig))
	if err := s.WriteSSOCache(home, key, expires); err != nil {
		t.Fatal(err)
	}
}

func TestSSO(t *testing.T) {
	const (
		portal = "portal.sso.eu-west-1.amazonaws.com"
		oidc   = "oidc.eu-west-1.amazonaws.com"
	)
	valid, expired := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	for name, tt := range map[string]struct {
		profile, key string
		expires      time.Time
		dialed       []string
	}{
		"session":   {"session", "corp", valid, []string{portal}},
		"refreshed": {"session", "corp", expired, []string{oidc, portal}},
		"legacy":    {"legacy", "https://awstest.awsapps.com/start", valid, []string{portal}},
	} {
		t.Run(name, func(t *testing.T) {
			s := awstest.New(t)
			ssoProfile(t, s, tt.profile, tt.key, tt.expires)
			got := callerARN(t.Context(), t, load(t, s))
			if !strings.HasPrefix(got, "arn:aws:sts::210987654321:assumed-role/AWSReservedSSO_Developer_") {
				t.Errorf("caller = %q", got)
			}
			if diff := cmp.Diff(append(tt.dialed, "sts.us-west-2.amazonaws.com"), s.DialedHosts()); diff != "" {
				t.Errorf("dialed hosts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSSORefreshChangesAccessToken(t *testing.T) {
	s := awstest.New(t)
	before := s.SSOAccessToken()
	ssoProfile(t, s, "session", "corp", time.Now().Add(-time.Hour))
	callerARN(t.Context(), t, load(t, s))
	if s.SSOAccessToken() == before {
		t.Error("the refresh did not change the access token")
	}
	if n := s.Count(awstest.CreateToken); n != 1 {
		t.Errorf("counted %d refreshes, want 1", n)
	}
}

func TestSSORejected(t *testing.T) {
	foreign := awstest.New(t) // s does not accept its tokens
	s := awstest.New(t)

	ssoProfile(t, foreign, "session", "corp", time.Now().Add(-time.Hour))
	_, err := sts.NewFromConfig(load(t, s)).GetCallerIdentity(t.Context(), nil)
	wantAPIError(t, err, "InvalidGrantException", "")

	ssoProfile(t, foreign, "session", "corp", time.Now().Add(time.Hour))
	_, err = sts.NewFromConfig(load(t, s)).GetCallerIdentity(t.Context(), nil)
	wantAPIError(t, err, "UnauthorizedException", "Session token not found or invalid")
}
