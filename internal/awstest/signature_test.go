package awstest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"ecrlogin/internal/awstest"
)

func TestIdentities(t *testing.T) {
	expired := awstest.Key{ID: "AKIAEXPIRED", Secret: "long-secret", Account: awstest.Account, Expired: true}
	session := awstest.Key{ID: "ASIASESSION", Secret: "long-secret", Session: "session", Account: "210987654321"}
	for name, tt := range map[string]struct {
		key              awstest.Key
		ecrCode, stsCode string // empty if accepted
		message          string
	}{
		"default": {key: defaultKey},
		"session": {key: session},
		"unknown": {awstest.Key{ID: "AKIAUNKNOWN", Secret: "long-secret"}, "UnrecognizedClientException", "InvalidClientTokenId",
			"The security token included in the request is invalid."},
		"wrong session": {awstest.Key{ID: session.ID, Secret: session.Secret, Session: "other"}, "UnrecognizedClientException",
			"InvalidClientTokenId", "The security token included in the request is invalid."},
		"expired": {expired, "ExpiredTokenException", "ExpiredToken", "The security token included in the request is expired"},
		"wrong secret": {awstest.Key{ID: awstest.KeyID, Secret: "long-secret"}, "InvalidSignatureException", "SignatureDoesNotMatch",
			"The request signature we calculated does not match the signature you provided."},
		"wrong secret of a session": {awstest.Key{ID: session.ID, Secret: "other-secret", Session: session.Session}, "InvalidSignatureException",
			"SignatureDoesNotMatch", "\nx-amz-security-token:" + session.Session + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := awstest.New(t)
			s.AddKey(expired)
			s.AddKey(session)
			isolate(t, nil)
			cfg := load(t, s, withKey(tt.key))
			_, err := ecr.NewFromConfig(cfg).GetAuthorizationToken(t.Context(), nil)
			checkCode(t, err, tt.ecrCode, tt.message)
			_, err = sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
			checkCode(t, err, tt.stsCode, tt.message)
		})
	}
}

// checkCode is wantAPIError, or checks that there is no error if code is empty.
func checkCode(t *testing.T, err error, code, message string) {
	t.Helper()
	if code != "" {
		wantAPIError(t, err, code, message)
	} else if err != nil {
		t.Error(err)
	}
}

func TestClock(t *testing.T) {
	for name, tt := range map[string]struct {
		ahead            time.Duration // of the Server
		ecrCode, stsCode string
		message          string
	}{
		"4 minutes ahead":  {ahead: 4 * time.Minute},
		"4 minutes behind": {ahead: -4 * time.Minute},
		"6 minutes ahead":  {6 * time.Minute, "InvalidSignatureException", "", "Signature expired: "},
		"6 minutes behind": {-6 * time.Minute, "InvalidSignatureException", "", "Signature not yet current: "},
		"an hour ahead":    {time.Hour, "InvalidSignatureException", "SignatureDoesNotMatch", "Signature expired: "},
	} {
		t.Run(name, func(t *testing.T) {
			s := awstest.New(t)
			s.SetClock(func() time.Time { return time.Now().Add(tt.ahead) })
			isolate(t, nil)
			cfg := load(t, s, withKey(defaultKey))
			_, err := ecr.NewFromConfig(cfg).GetAuthorizationToken(t.Context(), nil)
			checkCode(t, err, tt.ecrCode, tt.message)
			_, err = sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
			checkCode(t, err, tt.stsCode, tt.message)
		})
	}
}

// The SDK takes the time from the Date header of the error and retries. Clients with a wrong clock therefore succeed.
func TestClockCorrection(t *testing.T) {
	s := awstest.New(t)
	s.SetClock(func() time.Time { return time.Now().Add(time.Hour) })
	isolate(t, nil)
	cfg := load(t, s, withKey(defaultKey))
	cfg.Retryer = nil // the SDK's own
	if _, err := ecr.NewFromConfig(cfg).GetAuthorizationToken(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if n := s.Count(awstest.GetAuthorizationToken); n != 2 {
		t.Errorf("counted %d calls, want 2", n)
	}
}

func TestScope(t *testing.T) {
	const private, public = "api.ecr.us-west-2.amazonaws.com", "api.ecr-public.us-east-1.amazonaws.com"
	for name, tt := range map[string]struct {
		host, service, region string
		change                func(*http.Request) // after signing
		want                  string              // part of the response
	}{
		"valid": {host: private, service: "ecr", region: "us-west-2", want: `"authorizationData"`},
		"another service": {host: private, service: "ecr-public", region: "us-west-2",
			want: "Credential should be scoped to correct service: 'ecr'. "},
		"another region": {host: private, service: "ecr", region: "us-east-1",
			want: "Credential should be scoped to a valid region, not 'us-east-1'. "},
		"not a region": {host: private, service: "ecr", region: "west",
			want: "Credential should be scoped to a valid region, not 'west'. "},
		"host of another service": {host: public, service: "ecr", region: "us-east-1", want: "UnknownOperationException"},
		"host of no service":      {host: "ecr.example.com", service: "ecr", region: "us-west-2", want: "UnknownOperationException"},
		"unsigned": {host: private, service: "ecr", region: "us-west-2", want: "MissingAuthenticationTokenException",
			change: func(r *http.Request) { r.Header.Del("Authorization") }},
		"another body": {host: private, service: "ecr", region: "us-west-2", want: "The request signature we calculated",
			change: func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("[]")) }},
		"another target": {host: private, service: "ecr", region: "us-west-2", want: "UnknownOperationException",
			change: func(r *http.Request) { r.Header.Set("X-Amz-Target", "Other") }},
	} {
		t.Run(name, func(t *testing.T) {
			s := awstest.New(t)
			r := signedRequest(t, tt.host, tt.service, tt.region)
			if tt.change != nil {
				tt.change(r)
			}
			resp, err := s.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(body), tt.want) {
				t.Errorf("response = %s, want it to contain %q", body, tt.want)
			}
		})
	}
}

// signedRequest returns a GetAuthorizationToken request to host, signed with the default key.
func signedRequest(t *testing.T, host, service, region string) *http.Request {
	t.Helper()
	const body = "{}"
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+host+"/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken")
	sum := sha256.Sum256([]byte(body))
	credentials := aws.Credentials{AccessKeyID: awstest.KeyID, SecretAccessKey: awstest.SecretKey}
	err = v4.NewSigner().SignHTTP(t.Context(), credentials, r, hex.EncodeToString(sum[:]), service, region, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return r
}
