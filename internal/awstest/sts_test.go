package awstest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"ecrlogin/internal/awstest"
)

const pullRole = "arn:aws:iam::210987654321:role/ci/pull"

// roleProfile selects the profile "pull", which assumes pullRole.
func roleProfile(t *testing.T) {
	t.Helper()
	home := isolate(t, nil)
	t.Setenv("AWS_PROFILE", "pull")
	t.Setenv("AWS_CONFIG_FILE", writeFile(t, home, ".aws/config", `
[profile base]
aws_access_key_id = `+awstest.KeyID+`
aws_secret_access_key = `+awstest.SecretKey+`
[profile pull]
role_arn = `+pullRole+`
role_session_name = build-7
source_profile = base
`))
}

func TestRoleProfile(t *testing.T) {
	s := awstest.New(t)
	s.AllowRole(pullRole)
	roleProfile(t)
	cfg := load(t, s)
	out, err := ecr.NewFromConfig(cfg).GetAuthorizationToken(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"sts.us-west-2.amazonaws.com", "api.ecr.us-west-2.amazonaws.com"}, s.DialedHosts()); diff != "" {
		t.Errorf("dialed hosts (-want +got):\n%s", diff)
	}
	if got, want := *out.AuthorizationData[0].ProxyEndpoint, "https://210987654321.dkr.ecr.us-west-2.amazonaws.com"; got != want {
		t.Errorf("ProxyEndpoint = %q, want %q", got, want)
	}
	if got, want := callerARN(t.Context(), t, cfg), "arn:aws:sts::210987654321:assumed-role/pull/build-7"; got != want {
		t.Errorf("caller = %q, want %q", got, want)
	}
	assume := s.Calls()[0]
	if assume.Op != awstest.AssumeRole || assume.KeyID != awstest.KeyID || assume.Form.Get("RoleArn") != pullRole {
		t.Errorf("first call = %+v, want AssumeRole of %s by %s", assume, pullRole, awstest.KeyID)
	}
}

func TestRoleProfileDenied(t *testing.T) {
	s := awstest.New(t)
	roleProfile(t)
	_, err := ecr.NewFromConfig(load(t, s)).GetAuthorizationToken(t.Context(), nil)
	wantAPIError(t, err, "AccessDenied", "User: arn:aws:iam::123456789012:user/awstest is not authorized to perform: "+
		"sts:AssumeRole on resource: "+pullRole)
}

func TestAssumeRoleSession(t *testing.T) {
	s := awstest.New(t)
	s.AllowRole(pullRole)
	isolate(t, nil)
	client := sts.NewFromConfig(load(t, s, withKey(defaultKey)))
	out, err := client.AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String(pullRole), RoleSessionName: aws.String("session"), DurationSeconds: aws.Int32(900),
	})
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(*out.Credentials.Expiration); left > 15*time.Minute || left < 14*time.Minute {
		t.Errorf("session is valid for %v, want 15 minutes", left)
	}
	session := ecr.NewFromConfig(load(t, s, withKey(awstest.Key{
		ID: *out.Credentials.AccessKeyId, Secret: *out.Credentials.SecretAccessKey, Session: *out.Credentials.SessionToken,
	})))
	if _, err := session.GetAuthorizationToken(t.Context(), nil); err != nil {
		t.Error(err)
	}

	// The session expires by the Server's clock.
	s.SetClock(func() time.Time { return out.Credentials.Expiration.Add(time.Second) })
	_, err = session.GetAuthorizationToken(t.Context(), nil)
	wantAPIError(t, err, "ExpiredTokenException", "The security token included in the request is expired")
}

func TestAssumeRoleInvalid(t *testing.T) {
	s := awstest.New(t)
	isolate(t, nil)
	_, err := sts.NewFromConfig(load(t, s, withKey(defaultKey))).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::210987654321:user/pull"), RoleSessionName: aws.String("session"),
	})
	wantAPIError(t, err, "ValidationError", "is invalid")
}

func TestAssumeRoleSessionName(t *testing.T) {
	s := awstest.New(t)
	s.AllowRole(pullRole)
	isolate(t, nil)
	client := sts.NewFromConfig(load(t, s, withKey(defaultKey)))
	for _, name := range []string{"s", "a b", "a/b", strings.Repeat("a", 65)} {
		_, err := client.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String(pullRole), RoleSessionName: aws.String(name)})
		wantAPIError(t, err, "ValidationError", "at 'roleSessionName' failed to satisfy constraint")
	}
}

func TestWebIdentity(t *testing.T) {
	s := awstest.New(t)
	s.AllowRole(pullRole)
	home := isolate(t, map[string]string{"AWS_ROLE_ARN": pullRole, "AWS_ROLE_SESSION_NAME": "pod"})
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", writeFile(t, home, "token", awstest.WebIdentityToken))
	if got, want := callerARN(t.Context(), t, load(t, s)), "arn:aws:sts::210987654321:assumed-role/pull/pod"; got != want {
		t.Errorf("caller = %q, want %q", got, want)
	}
	call := s.Calls()[0]
	if call.Op != awstest.AssumeRoleWithWebIdentity || call.Form.Has("WebIdentityToken") || call.Form.Get("RoleArn") != pullRole {
		t.Errorf("first call = %+v, want AssumeRoleWithWebIdentity without its token", call)
	}

	writeFile(t, home, "token", "another")
	_, err := sts.NewFromConfig(load(t, s)).GetCallerIdentity(t.Context(), nil)
	wantAPIError(t, err, "InvalidIdentityToken", "The ID Token provided is not a valid JWT")

	writeFile(t, home, "token", awstest.WebIdentityToken)
	t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::210987654321:role/other")
	_, err = sts.NewFromConfig(load(t, s)).GetCallerIdentity(t.Context(), nil)
	wantAPIError(t, err, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
}
