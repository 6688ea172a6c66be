package awstest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"ecrlogin/internal/awstest"
)

const (
	tokenStatement = `{"Effect":"Allow","Action":"ecr:GetAuthorizationToken","Resource":"*"}`
	pullStatement  = `{"Effect":"Allow","Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"],` +
		`"Resource":["arn:aws:ecr:us-west-2:123456789012:repository/team-a/*"]}`
)

func policyOf(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

// sessionWith returns an ECR client for a session of pullRole with a session policy.
func sessionWith(t *testing.T, s *awstest.Server, policy string) (*ecr.Client, error) {
	t.Helper()
	out, err := sts.NewFromConfig(load(t, s, withKey(defaultKey))).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String(pullRole), RoleSessionName: aws.String("session"), Policy: aws.String(policy),
	})
	if err != nil {
		return nil, err
	}
	return ecr.NewFromConfig(load(t, s, withKey(awstest.Key{
		ID: *out.Credentials.AccessKeyId, Secret: *out.Credentials.SecretAccessKey, Session: *out.Credentials.SessionToken,
	}))), nil
}

func TestSessionPolicyLimitsToken(t *testing.T) {
	s := awstest.New(t)
	s.AllowRole(pullRole)
	isolate(t, nil)
	client, err := sessionWith(t, s, policyOf(pullStatement))
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.GetAuthorizationToken(t.Context(), nil)
	wantAPIError(t, err, "AccessDeniedException", "is not authorized to perform: ecr:GetAuthorizationToken on resource: * "+
		"because no session policy allows the ecr:GetAuthorizationToken action")
}

func TestSessionPolicyLimitsRegistry(t *testing.T) {
	s := awstest.New(t)
	s.AllowRole(pullRole)
	isolate(t, nil)
	client, err := sessionWith(t, s, policyOf(tokenStatement, pullStatement))
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.GetAuthorizationToken(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		method, path string
		want         int // 404 for what is allowed, because the registry is empty
	}{
		{http.MethodGet, "/v2/", http.StatusOK},
		{http.MethodGet, "/v2/team-a/app/manifests/1", http.StatusNotFound},
		{http.MethodHead, "/v2/team-a/b/app/manifests/1", http.StatusNotFound},
		{http.MethodPut, "/v2/team-a/app/manifests/1", http.StatusForbidden},
		{http.MethodGet, "/v2/team-b/app/manifests/1", http.StatusForbidden},
		{http.MethodPost, "/v2/team-a/app/blobs/uploads/", http.StatusForbidden},
		{http.MethodGet, "/v2/team-a/app/tags/list", http.StatusForbidden},
		{http.MethodGet, "/v2/_catalog", http.StatusForbidden},
		{http.MethodGet, "/v2/team-b/app/blobs/x/team-a/manifests/1", http.StatusForbidden},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, "https://123456789012.dkr.ecr.us-west-2.amazonaws.com"+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Basic "+*out.AuthorizationData[0].AuthorizationToken)
		resp, err := s.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != tt.want {
			t.Errorf("%s %s: got %s, want %d", tt.method, tt.path, resp.Status, tt.want)
		}
	}
}

func TestInvalidSessionPolicy(t *testing.T) {
	s := awstest.New(t)
	s.AllowRole(pullRole)
	isolate(t, nil)
	long := strings.Repeat(`,{"Effect":"Allow","Action":"ecr:*","Resource":"*"}`, 50)
	for policy, code := range map[string]string{
		"{":                  "MalformedPolicyDocument",
		`{"Version":"2012"}`: "MalformedPolicyDocument",
		policyOf(strings.ReplaceAll(pullStatement, "123456789012", "${account}")): "MalformedPolicyDocument",
		policyOf(tokenStatement + long):                                           "ValidationError",
	} {
		if _, err := sessionWith(t, s, policy); err == nil || !strings.Contains(err.Error(), code) {
			t.Errorf("%s: got %v, want %s", policy, err, code)
		}
	}
}
