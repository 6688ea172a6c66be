package aws_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
	"ecrlogin/internal/awstest"
	"ecrlogin/registry"
)

// caller calls Source.Caller with an identity of the user's configuration.
func (m *machine) caller(host string, id credentials.Identity) (aws.Caller, error) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), timeLimit)
	defer cancel()
	return m.source(id).Caller(ctx, m.registry(host))
}

func (m *machine) source(id credentials.Identity) *aws.Source {
	return &aws.Source{Identity: func(registry.Registry) credentials.Identity { return id }}
}

func (m *machine) registry(host string) registry.Registry {
	m.t.Helper()
	r, err := registry.Parse(host)
	if err != nil {
		m.t.Fatal(err)
	}
	return r
}

func TestCaller(t *testing.T) {
	m := withProfiles(t)
	cloud.AllowRole(pullRole)
	got, err := m.caller(privateHost, credentials.Identity{})
	if want := (aws.Caller{IssuedTo: "the access key in AWS_ACCESS_KEY_ID", ARN: "arn:aws:iam::123456789012:user/awstest", Account: "123456789012"}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	got, err = m.caller("444455556666.dkr.ecr.eu-west-1.amazonaws.com", credentials.Identity{Profile: "base", RoleARN: pullRole, Duration: 20 * time.Minute})
	if err != nil || got.IssuedTo != "role "+pullRole+` via profile "base"` || got.ARN != "arn:aws:sts::444455556666:assumed-role/image-puller/ecr-login" ||
		got.Account != "444455556666" || time.Until(got.Expiry).Round(time.Minute) != 20*time.Minute {
		t.Errorf("got %+v, %v; want the role, for 20 minutes", got, err)
	}
	calls := cloud.Calls()
	if last := calls[len(calls)-1]; last.Op != awstest.GetCallerIdentity || last.Host != "sts.eu-west-1.amazonaws.com" {
		t.Errorf("STS was called by %+v, want in the registry's region", last)
	}
}

// Unknown keys are reported with the same error as for a token.
func TestCallerFails(t *testing.T) {
	m := withKeys(t)
	m.env("AWS_ACCESS_KEY_ID", "AKIAOTHER")
	got, err := m.caller(privateHost, credentials.Identity{})
	const want = privateHost + ": the access key in AWS_ACCESS_KEY_ID: AWS does not recognize these keys (InvalidClientTokenId); check that"
	if err == nil || !strings.HasPrefix(err.Error(), want) || got != (aws.Caller{}) {
		t.Errorf("got %+v, %v; want %s", got, err, want)
	}
	if e, ok := errors.AsType[*credentials.Error](err); !ok || e.Cause != "the access key in AWS_ACCESS_KEY_ID: AWS does not recognize these keys (InvalidClientTokenId)" || !strings.HasPrefix(e.Next, "check that the keys are complete") {
		t.Errorf("got %#v", err)
	}
}

// Without access to STS, as in a network with an endpoint for ECR only, Caller still returns the identity.
func TestCallerWithoutSTS(t *testing.T) {
	m := withKeys(t)
	m.env("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
	got, err := m.caller(privateHost, credentials.Identity{})
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:1 refused the connection") || got != (aws.Caller{IssuedTo: "the access key in AWS_ACCESS_KEY_ID"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	m.mustToken(privateHost)
}

func TestEndpoint(t *testing.T) {
	for _, tt := range []struct{ name, host, variable, value, want string }{
		{"private", privateHost, "", "", "https://api.ecr.us-west-2.amazonaws.com"},
		{"FIPS", "210987654321.dkr.ecr-fips.us-west-2.amazonaws.com", "", "", "https://api.ecr-fips.us-west-2.amazonaws.com"},
		{"dual stack", "210987654321.dkr-ecr.us-west-2.on.aws", "", "", "https://ecr.us-west-2.api.aws"},
		{"China", "210987654321.dkr.ecr.cn-north-1.amazonaws.com.cn", "", "", "https://api.ecr.cn-north-1.amazonaws.com.cn"},
		{"public", "public.ecr.aws", "", "", "https://api.ecr-public.us-east-1.amazonaws.com"},
		{"for all services", "210987654321.dkr.ecr-fips.us-west-2.amazonaws.com", "AWS_ENDPOINT_URL", "http://127.0.0.1:4566", "http://127.0.0.1:4566"},
		{"for ECR", privateHost, "AWS_ENDPOINT_URL_ECR", "https://user:hunter2@ecr.corp.test/path", "https://ecr.corp.test"},
		{"of the profile", privateHost, "AWS_PROFILE", "dev", "https://dev.corp.test"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t) // the endpoint does not depend on the identity
			m.config("[profile dev]\nendpoint_url = https://dev.corp.test\n")
			if tt.variable != "" {
				m.env(tt.variable, tt.value)
			}
			got, err := m.source(credentials.Identity{}).Endpoint(t.Context(), m.registry(tt.host))
			if err != nil || got.URL.String() != tt.want {
				t.Errorf("got %v, %v; want %s", got.URL, err, tt.want)
			}
			if len(cloud.DialedHosts()) > 0 {
				t.Errorf("%s was dialed", cloud.DialedHosts())
			}
		})
	}
}

func TestEndpointWithoutConfiguration(t *testing.T) {
	m := newMachine(t)
	_, err := m.source(credentials.Identity{Profile: "typo"}).Endpoint(t.Context(), m.registry(privateHost))
	if err == nil || !strings.HasPrefix(err.Error(), privateHost+`: profile "typo" does not exist in `) {
		t.Errorf("got %v", err)
	}
}

// reach calls Endpoint.Reach for the API of a registry host.
func (m *machine) reach(host string) (aws.Contact, error) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), timeLimit)
	defer cancel()
	e, err := m.source(credentials.Identity{}).Endpoint(ctx, m.registry(host))
	if err != nil {
		m.t.Fatal(err)
	}
	return e.Reach(ctx)
}

func TestReach(t *testing.T) {
	m := newMachine(t)
	got, err := m.reach(privateHost)
	proxy := strings.TrimPrefix(cloud.Proxy, "http://")
	if err != nil || got.Proxy != proxy || got.Address != proxy || got.Issuer != "awstest" || time.Since(got.Date).Abs() > time.Minute {
		t.Errorf("got %+v, %v", got, err)
	}
	if calls := cloud.Calls(); len(calls) != 1 || calls[0].Host != "api.ecr.us-west-2.amazonaws.com" || calls[0].KeyID != "" {
		t.Errorf("calls: %+v, want one without credentials", calls)
	}
	m.env("AWS_ENDPOINT_URL_ECR", cloud.URL)
	got, err = m.reach(privateHost)
	if err != nil || got.Proxy != "" || got.Address != strings.TrimPrefix(cloud.URL, "http://") || got.Issuer != "" {
		t.Errorf("without a proxy: got %+v, %v", got, err)
	}
}

func TestReachFails(t *testing.T) {
	for _, tt := range []struct {
		name, variable, value string
		cause, next           string
	}{
		{"authority", "AWS_CA_BUNDLE", otherCA, "TLS connection to api.ecr.us-west-2.amazonaws.com failed: tls: failed to verify certificate: x509: certificate signed by unknown authority, issued by awstest",
			"if a proxy inspects TLS, specify its CA: export AWS_CA_BUNDLE=/path/to/ca.pem; also check the clock"},
		{"DNS", "AWS_ENDPOINT_URL_ECR", "https://" + strings.Repeat("x", 64) + ".test", "cannot resolve " + strings.Repeat("x", 64) + ".test: no such host",
			"check the network, VPN and DNS, and that the region exists"},
		{"refused", "AWS_ENDPOINT_URL_ECR", "http://127.0.0.1:1", "127.0.0.1:1 refused the connection",
			"check the network, VPN and firewalls, and whether HTTPS_PROXY is required"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t)
			if tt.variable == "AWS_CA_BUNDLE" {
				tt.value = m.file("other.pem", tt.value)
			}
			m.env(tt.variable, tt.value)
			_, err := m.reach(privateHost)
			if err == nil {
				t.Fatal("Reach succeeded")
			}
			if cause, next := aws.NetworkAdvice(err); cause != tt.cause || !strings.HasPrefix(next, tt.next) {
				t.Errorf("got  %s; %s\nwant %s; %s", cause, next, tt.cause, tt.next)
			}
		})
	}
}

// NetworkAdvice has no advice on other errors.
func TestNetworkAdviceOnOthers(t *testing.T) {
	if cause, next := aws.NetworkAdvice(http.ErrHandlerTimeout); cause != "" || next != "" {
		t.Errorf("got %q, %q", cause, next)
	}
}
