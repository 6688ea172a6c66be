package awstest_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecrpublic"
	"github.com/google/go-cmp/cmp"

	"ecrlogin/internal/awstest"
)

func TestGetAuthorizationToken(t *testing.T) {
	s := awstest.New(t)
	s.SetTokenLifetime(time.Hour)
	isolate(t, map[string]string{
		"AWS_ENDPOINT_URL":      s.URL,
		"AWS_ACCESS_KEY_ID":     awstest.KeyID,
		"AWS_SECRET_ACCESS_KEY": awstest.SecretKey,
	})
	out, err := ecr.NewFromConfig(load(t, s)).GetAuthorizationToken(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := out.AuthorizationData[0]
	if want := "https://123456789012.dkr.ecr.us-west-2.amazonaws.com"; aws.ToString(got.ProxyEndpoint) != want {
		t.Errorf("ProxyEndpoint = %q, want %q", aws.ToString(got.ProxyEndpoint), want)
	}
	if left := time.Until(*got.ExpiresAt); left < 59*time.Minute || left > time.Hour {
		t.Errorf("token is valid for %v, want an hour", left)
	}
	if expiration := checkToken(t, *got.AuthorizationToken); expiration != got.ExpiresAt.Unix() {
		t.Errorf("expiration = %d, want %d", expiration, got.ExpiresAt.Unix())
	}
	want := []awstest.Call{{
		Op: awstest.GetAuthorizationToken, Host: strings.TrimPrefix(s.URL, "http://"),
		Region: "us-west-2", Service: "ecr", KeyID: awstest.KeyID,
	}}
	if diff := cmp.Diff(want, normalized(s.Calls())); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// checkToken checks the format of an authorization token and returns its "expiration".
func checkToken(t *testing.T, authorization string) int64 {
	t.Helper()
	decoded, err := base64.StdEncoding.DecodeString(authorization)
	if err != nil {
		t.Fatal(err)
	}
	user, password, _ := strings.Cut(string(decoded), ":")
	if user != "AWS" || len(password) < 1800 || len(password) > 2200 {
		t.Errorf("token has user %q and a password of %d characters", user, len(password))
	}
	document, err := base64.StdEncoding.DecodeString(password)
	if err != nil {
		t.Fatal(err)
	}
	var fields struct {
		Payload, DataKey, Version, Type string
		Expiration                      int64
	}
	if err := json.Unmarshal(document, &fields); err != nil {
		t.Fatal(err)
	}
	if fields.Payload == "" || fields.DataKey == "" || fields.Version != "2" || fields.Type != "DATA_KEY" {
		t.Errorf("password contains %+v", fields)
	}
	return fields.Expiration
}

func TestGetAuthorizationTokenByHost(t *testing.T) {
	s := awstest.New(t)
	isolate(t, nil)
	fips := config.WithUseFIPSEndpoint(aws.FIPSEndpointStateEnabled)
	dual := config.WithUseDualStackEndpoint(aws.DualStackEndpointStateEnabled)
	for host, options := range map[string][]func(*config.LoadOptions) error{
		"api.ecr.eu-central-1.amazonaws.com":               {config.WithRegion("eu-central-1")},
		"api.ecr.cn-north-1.amazonaws.com.cn":              {config.WithRegion("cn-north-1")},
		"api.ecr.us-iso-east-1.c2s.ic.gov":                 {config.WithRegion("us-iso-east-1")},
		"api.ecr.eusc-de-east-1.amazonaws.eu":              {config.WithRegion("eusc-de-east-1")},
		"api.ecr-fips.us-east-2.amazonaws.com":             {config.WithRegion("us-east-2"), fips},
		"ecr.us-east-2.api.aws":                            {config.WithRegion("us-east-2"), dual},
		"ecr-fips.us-gov-west-1.api.aws":                   {config.WithRegion("us-gov-west-1"), fips, dual},
		"ecr-fips.cn-north-1.api.amazonwebservices.com.cn": {config.WithRegion("cn-north-1"), fips, dual},
	} {
		t.Run(host, func(t *testing.T) {
			s.ResetCalls()
			cfg := load(t, s, append(options, withKey(defaultKey))...)
			if _, err := ecr.NewFromConfig(cfg).GetAuthorizationToken(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			want := []awstest.Call{{
				Op: awstest.GetAuthorizationToken, Host: host, Proxied: true,
				Region: cfg.Region, Service: "ecr", KeyID: awstest.KeyID,
			}}
			if diff := cmp.Diff(want, normalized(s.Calls())); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			s.Client().CloseIdleConnections() // so that each row dials again
		})
	}
}

func TestGetPublicAuthorizationToken(t *testing.T) {
	s := awstest.New(t)
	isolate(t, nil)
	cfg := load(t, s, withKey(defaultKey), config.WithRegion("us-east-1"))
	out, err := ecrpublic.NewFromConfig(cfg).GetAuthorizationToken(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	checkToken(t, *out.AuthorizationData.AuthorizationToken)
	if diff := cmp.Diff([]string{"api.ecr-public.us-east-1.amazonaws.com"}, s.DialedHosts()); diff != "" {
		t.Errorf("dialed hosts (-want +got):\n%s", diff)
	}
	if n := s.Count(awstest.GetPublicAuthorizationToken); n != 1 {
		t.Errorf("counted %d calls, want 1", n)
	}

	cfg.Region = "us-west-2"
	_, err = ecrpublic.NewFromConfig(cfg).GetAuthorizationToken(t.Context(), nil)
	wantAPIError(t, err, "UnsupportedCommandException", "only supported in us-east-1")
}
