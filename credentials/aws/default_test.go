package aws_test

import (
	"strings"
	"testing"

	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
	"ecrlogin/internal/awstest"
)

// The default registry is that of the identity's account, in each partition.
func TestDefault(t *testing.T) {
	m := withProfiles(t)
	for region, want := range map[string]string{
		"us-west-2":     awstest.Account + ".dkr.ecr.us-west-2.amazonaws.com",
		"cn-north-1":    awstest.Account + ".dkr.ecr.cn-north-1.amazonaws.com.cn",
		"us-gov-west-1": awstest.Account + ".dkr.ecr.us-gov-west-1.amazonaws.com",
	} {
		cloud.ResetCalls()
		got, err := new(aws.Source).Default(t.Context(), region)
		if err != nil || got != m.registry(want) {
			t.Errorf("got %+v, %v; want %s", got, err, want)
		}
		if calls := cloud.Calls(); len(calls) != 1 || calls[0].Op != awstest.GetAuthorizationToken || calls[0].Region != region {
			t.Errorf("calls: %+v, want one in %s", calls, region)
		}
	}
	got, err := m.source(credentials.Identity{Profile: "base"}).Default(t.Context(), "eu-west-1")
	if want := "111122223333.dkr.ecr.eu-west-1.amazonaws.com"; err != nil || got.Host != want {
		t.Errorf("got %+v, %v; want %s", got, err, want)
	}
}

func TestDefaultFails(t *testing.T) {
	const response = `{"authorizationData":[{"authorizationToken":"QVdTOng=","expiresAt":4102444800,"proxyEndpoint":"`
	for _, tt := range []struct {
		name, region string
		fault        awstest.Fault
		want         string
	}{
		{"no region", "", awstest.Fault{}, `default registry: invalid region ""; specify an AWS region such as us-west-2`},
		{"another host", "us-west-2.example.com/", awstest.Fault{}, `default registry: invalid region "us-west-2.example.com/"; specify`},
		{"denied", "us-west-2", awstest.Fault{Type: "AccessDeniedException", Message: "no"}, "default registry in us-west-2: access denied: the access key in AWS_ACCESS_KEY_ID "},
		{"unavailable", "us-west-2", awstest.Fault{Drop: true}, "default registry in us-west-2: api.ecr.us-west-2.amazonaws.com "},
		{"no data", "us-west-2", awstest.Fault{Body: `{"authorizationData":[]}`}, "default registry in us-west-2: Amazon ECR returned an invalid response: no authorization data"},
		{"no registry", "us-west-2", awstest.Fault{Body: response + `https://registry.example.com"}]}`}, "default registry in us-west-2: Amazon ECR returned an invalid response: the proxy endpoint is not a registry in us-west-2"},
		{"another region", "us-west-2", awstest.Fault{Body: response + `https://210987654321.dkr.ecr.eu-west-1.amazonaws.com"}]}`}, "default registry in us-west-2: Amazon ECR returned an invalid response: the proxy endpoint is not a registry in us-west-2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			withKeys(t)
			if tt.fault != (awstest.Fault{}) {
				cloud.Inject(tt.fault)
			}
			got, err := new(aws.Source).Default(t.Context(), tt.region)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got %v, %v; want %s", got, err, tt.want)
			}
			if tt.region == "" && len(cloud.DialedHosts()) > 0 {
				t.Errorf("dialed %q", cloud.DialedHosts())
			}
		})
	}
}
