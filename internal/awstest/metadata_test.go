package awstest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"ecrlogin/internal/awstest"
)

func TestMetadata(t *testing.T) {
	s := awstest.New(t)
	isolate(t, map[string]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT": s.URL})
	cfg := load(t, s)
	got := callerARN(t.Context(), t, cfg)
	if want := "arn:aws:sts::123456789012:assumed-role/awstest-instance/i-0123456789abcdef0"; got != want {
		t.Errorf("caller = %q, want %q", got, want)
	}
	if s.Count(awstest.MetadataToken) != 1 || s.Count(awstest.Metadata) != 2 {
		t.Errorf("calls = %+v, want one for a token and two for the role and its key", s.Calls())
	}
	region, err := imds.New(imds.Options{Endpoint: s.URL}).GetRegion(t.Context(), nil)
	if err != nil || region.Region != "us-east-1" {
		t.Errorf("GetRegion = %+v, %v", region, err)
	}
}

func TestMetadataStatus(t *testing.T) {
	s := awstest.New(t)
	for name, tt := range map[string]struct {
		method, path, header string
		status               int
	}{
		"no token":      {"GET", "/latest/meta-data/iam/security-credentials/", "", http.StatusUnauthorized},
		"invalid token": {"GET", "/latest/meta-data/iam/security-credentials/", "X-Aws-Ec2-Metadata-Token", http.StatusUnauthorized},
		"no lifetime":   {"PUT", "/latest/api/token", "", http.StatusBadRequest},
		"unknown path":  {"GET", "/nowhere", "", http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), tt.method, s.URL+tt.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if tt.header != "" {
				req.Header.Set(tt.header, "wrong")
			}
			resp, err := s.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != tt.status {
				t.Errorf("status = %d, want %d", resp.StatusCode, tt.status)
			}
			if resp.Header.Get("Date") == "" || resp.Header.Get("X-Amzn-Requestid") == "" {
				t.Errorf("header = %v, want Date and x-amzn-RequestId", resp.Header)
			}
		})
	}
}

func TestContainerCredentials(t *testing.T) {
	s := awstest.New(t)
	isolate(t, map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": s.URL + "/container"})
	got := callerARN(t.Context(), t, load(t, s))
	if want := "arn:aws:sts::123456789012:assumed-role/awstest-instance/container"; got != want {
		t.Errorf("caller = %q, want %q", got, want)
	}

	s.SetContainerToken("pod-identity")
	_, err := sts.NewFromConfig(load(t, s)).GetCallerIdentity(t.Context(), nil)
	if err == nil || !strings.Contains(err.Error(), "the authorization token is missing or invalid") {
		t.Errorf("error = %v, want one about the authorization token", err)
	}

	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "pod-identity")
	callerARN(t.Context(), t, load(t, s))
	if n := s.Count(awstest.ContainerCredentials); n != 3 {
		t.Errorf("counted %d calls, want 3", n)
	}
}
