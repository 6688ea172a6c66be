package aws_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
	"ecrlogin/internal/awstest"
)

const publicHost, publicDualStack = "public.ecr.aws", "ecr-public.aws.com"

// The endpoints are those that the SDK uses for ECR Public. No request is sent.
func TestPublicEndpoint(t *testing.T) {
	const service = "services = here\n[services here]\necr_public =\n  endpoint_url = https://service.corp.test\n"
	const everything = "https://all.corp.test"
	for _, tt := range []struct {
		name, host, config, want string
		env                      map[string]string
	}{
		{"", publicHost, "", "https://api.ecr-public.us-east-1.amazonaws.com", nil},
		{"dual stack", publicDualStack, "", "https://ecr-public.us-east-1.api.aws", nil},
		{"FIPS", publicHost, "", "https://api.ecr-public-fips.us-east-1.amazonaws.com",
			map[string]string{"AWS_USE_FIPS_ENDPOINT": "true"}},
		{"FIPS and dual stack", publicDualStack, "", "https://api.ecr-public-fips.us-east-1.api.aws",
			map[string]string{"AWS_USE_FIPS_ENDPOINT": "true"}},
		{"dual stack of the profile", publicHost, "[default]\nuse_dualstack_endpoint = true\n", "https://ecr-public.us-east-1.api.aws", nil},
		{"variable", publicHost, "", "https://public.corp.test",
			map[string]string{"AWS_ENDPOINT_URL_ECR_PUBLIC": "https://user:hunter2@public.corp.test/path", "AWS_ENDPOINT_URL": everything}},
		{"variable, FIPS and dual stack", publicDualStack, "", "https://public.corp.test",
			map[string]string{"AWS_ENDPOINT_URL_ECR_PUBLIC": "https://public.corp.test", "AWS_USE_FIPS_ENDPOINT": "true"}},
		{"of the other service", publicHost, "[default]\nservices = here\n[services here]\necr =\n  endpoint_url = https://ecr.corp.test\n",
			"https://api.ecr-public.us-east-1.amazonaws.com", map[string]string{"AWS_ENDPOINT_URL_ECR": "https://ecr.corp.test"}},
		{"variable for all services", publicHost, "[default]\n" + service, everything,
			map[string]string{"AWS_ENDPOINT_URL": everything}},
		{"of the service", publicDualStack, "[default]\n" + service, "https://service.corp.test", nil},
		{"of the service and the profile", publicHost,
			"[default]\nendpoint_url = " + everything + "\n" + service, "https://service.corp.test", nil},
		{"of the profile", publicHost, "[default]\nendpoint_url = " + everything + "\n", everything, nil},
		{"ignored", publicHost, "[default]\n" + service,
			"https://api.ecr-public.us-east-1.amazonaws.com",
			map[string]string{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_ENDPOINT_URL": everything, "AWS_ENDPOINT_URL_ECR_PUBLIC": everything}},
		{"ignored by the profile", publicHost, "[default]\nignore_configured_endpoint_urls = true\nendpoint_url = " + everything + "\n",
			"https://api.ecr-public.us-east-1.amazonaws.com", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t)
			m.config(tt.config)
			for name, value := range tt.env {
				m.env(name, value)
			}
			got, err := m.source(credentials.Identity{}).Endpoint(t.Context(), m.registry(tt.host))
			if err != nil || got.URL.String() != tt.want {
				t.Errorf("got %v, %v; want %s", got.URL, err, tt.want)
			}
			if hosts := cloud.DialedHosts(); len(hosts) > 0 {
				t.Errorf("%s was dialed", hosts)
			}
		})
	}
}

// Each endpoint issues a token that ECR Public accepts. The stand-in verifies the signature, and with it the name of
// the service and the region.
func TestPublicToken(t *testing.T) {
	for host, dialed := range map[string]string{
		publicHost:      "api.ecr-public.us-east-1.amazonaws.com",
		publicDualStack: "ecr-public.us-east-1.api.aws",
	} {
		m := withKeys(t)
		m.mustToken(host)
		if diff := cmp.Diff([]string{dialed}, cloud.DialedHosts()); diff != "" {
			t.Errorf("%s: dialed (-want +got):\n%s", host, diff)
		}
		if n := cloud.Count(awstest.GetPublicAuthorizationToken); n != 1 {
			t.Errorf("%s: %d calls, want 1", host, n)
		}
	}
}

// Transient errors are retried, as for ECR.
func TestPublicRetries(t *testing.T) {
	for name, fault := range map[string]awstest.Fault{
		"throttling":   {Status: http.StatusBadRequest, Type: "ThrottlingException", Message: "Rate exceeded"},
		"server error": {Status: http.StatusInternalServerError, Type: "ServerException"},
		"unavailable":  {Status: http.StatusServiceUnavailable},
		"a proxy's page": {Status: http.StatusBadGateway, Body: "<html>bad gateway</html>",
			ContentType: "text/html"},
	} {
		t.Run(name, func(t *testing.T) {
			m := withKeys(t)
			fault.Op, fault.Times = awstest.GetPublicAuthorizationToken, 1
			cloud.Inject(fault)
			m.mustToken(publicHost)
			if n := cloud.Count(awstest.GetPublicAuthorizationToken); n != 2 {
				t.Errorf("%d calls, want 2", n)
			}
		})
	}
}

// An error names the service, the action and the setting of ECR Public.
func TestPublicExplanations(t *testing.T) {
	const keys = "the access key in AWS_ACCESS_KEY_ID"
	const public = "api.ecr-public.us-east-1.amazonaws.com"
	for _, tt := range []struct {
		name  string
		fault awstest.Fault
		env   map[string]string
		want  string
	}{
		{"denied", awstest.Fault{Status: 400, Type: "AccessDeniedException", Message: "no"}, nil,
			"access denied: " + keys + " is not authorized to call ecr-public:GetAuthorizationToken; " +
				"allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken in its IAM policy"},
		{"expired", awstest.Fault{Status: 400, Type: "ExpiredTokenException"}, nil, keys + ": the temporary credentials have expired; set "},
		{"unsupported", awstest.Fault{Status: 400, Type: "UnsupportedCommandException", Message: "not in this region"}, nil,
			"request to AWS failed (using " + keys + "): UnsupportedCommandException: not in this region"},
		{"not an API", awstest.Fault{Status: 200, Body: "<html>", ContentType: "text/html"}, nil, public + " returned an HTML page "},
		{"no data", awstest.Fault{Status: 200, Body: "{}"}, nil, "Amazon ECR returned an invalid response: no authorization data "},
		{"null", awstest.Fault{Status: 200, Body: `{"authorizationData":null}`}, nil, "Amazon ECR returned an invalid response: no authorization data "},
		{"no token", awstest.Fault{Status: 200, Body: `{"authorizationData":{"expiresAt":4102444800}}`}, nil,
			"Amazon ECR returned an invalid response: no authorization token "},
		{"a list", awstest.Fault{Status: 200, Body: `{"authorizationData":[{"authorizationToken":"QVdTOng="}]}`}, nil, public + " returned "},
		{"no JSON", awstest.Fault{Status: 200, Body: `{"authorizationData":{`}, nil, public + " returned "},
		{"refused", awstest.Fault{}, map[string]string{"AWS_ENDPOINT_URL_ECR_PUBLIC": "http://127.0.0.1:1"}, "127.0.0.1:1 refused the connection"},
		{"misread", awstest.Fault{}, map[string]string{"AWS_ENDPOINT_URL_ECR_PUBLIC": "https://user:a/b@host"},
			"AWS_ENDPOINT_URL_ECR_PUBLIC is not a valid URL (using " + keys + "); use the form "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := withKeys(t)
			for name, value := range tt.env {
				m.env(name, value)
			}
			if tt.fault != (awstest.Fault{}) {
				tt.fault.Op = awstest.GetPublicAuthorizationToken
				cloud.Inject(tt.fault)
			}
			_, err := m.token(publicHost)
			if got := fmt.Sprint(err); !strings.HasPrefix(got, publicHost+": "+tt.want) {
				t.Errorf("\n got %s\nwant %s: %s", got, publicHost, tt.want)
			}
		})
	}
}

// A hanging API is named when the deadline expires.
func TestPublicTimeout(t *testing.T) {
	m := withKeys(t)
	cloud.Inject(awstest.Fault{Op: awstest.GetPublicAuthorizationToken, Delay: time.Minute})
	_, err := m.tokenWithin(publicHost, 2*time.Second)
	if err == nil || !strings.Contains(err.Error(), "waiting for api.ecr-public.us-east-1.amazonaws.com") {
		t.Errorf("got %v", err)
	}
}

// The PublicTimeout limits the attempts to call ECR Public, and nothing else. Throttling and 5xx responses are retried.
func TestPublicLimit(t *testing.T) {
	const limit, role = 2 * time.Second, "arn:aws:iam::210987654321:role/pull"
	token := func(m *machine, host string) (took time.Duration, err error) {
		ctx, cancel := context.WithTimeout(t.Context(), timeLimit)
		defer cancel()
		began := time.Now()
		_, err = (&aws.Source{PublicTimeout: limit}).Token(ctx, m.registry(host))
		return time.Since(began), err
	}
	const api = publicHost + ": api.ecr-public.us-east-1.amazonaws.com "
	const throttled = api + "throttled the request of *; try again in a minute, or run fewer jobs at the same time"
	const unavailable = api + "is unavailable: it returned status 503 to *; try again later"
	hang := awstest.Fault{Hang: true}
	for _, tt := range []struct {
		name     string
		faults   []awstest.Fault
		want     string
		attempts int // at least
	}{
		{"throttled", []awstest.Fault{{Type: "ThrottlingException"}}, throttled, 2},
		{"unavailable", []awstest.Fault{{Status: 503}}, unavailable, 2},
		{"silent", []awstest.Fault{hang}, publicHost + ": timed out after * waiting for api.ecr-public.*", 1},
		{"throttled, then silent", []awstest.Fault{{Type: "ThrottlingException", Times: 1}, hang}, throttled, 2},
		{"unavailable, then silent", []awstest.Fault{{Status: 503, Times: 1}, hang}, unavailable, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := withKeys(t)
			for _, fault := range tt.faults {
				fault.Op = awstest.GetPublicAuthorizationToken
				cloud.Inject(fault)
			}
			took, err := token(m, publicHost)
			if !match(tt.want, fmt.Sprint(err)) {
				t.Errorf("got %v", err)
			}
			if took < limit || took > timeLimit/2 {
				t.Errorf("it took %s", took)
			}
			if n := cloud.Count(awstest.GetPublicAuthorizationToken); n < tt.attempts {
				t.Errorf("%d attempts", n)
			}
		})
	}
	m := withKeys(t)
	cloud.Inject(awstest.Fault{Op: awstest.GetPublicAuthorizationToken, Type: "ThrottlingException", Times: 1})
	if _, err := token(m, publicHost); err != nil {
		t.Errorf("throttled once: %v", err)
	}
	cloud.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Delay: limit * 5 / 4})
	if _, err := token(m, privateHost); err != nil {
		t.Errorf("private registry: %v", err)
	}
	cloud.AllowRole(role)
	cloud.Inject(awstest.Fault{Op: awstest.AssumeRole, Delay: limit * 5 / 4})
	m.env("AWS_PROFILE", "dev")
	m.env("AWS_ACCESS_KEY_ID", "")
	m.config("[profile base]\naws_access_key_id = " + awstest.KeyID + "\naws_secret_access_key = " + awstest.SecretKey +
		"\n[profile dev]\nrole_arn = " + role + "\nsource_profile = base\n")
	if _, err := token(m, publicHost); err != nil {
		t.Errorf("slow identity: %v", err)
	}
}
