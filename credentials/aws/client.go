package aws

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecrpublic"

	"ecrlogin/registry"
)

// How long one request may take at each of its steps. AWS answers these calls in well under a second; each limit
// is below the usual deadline of 15 seconds, so that what did not answer is named and not the deadline.
const (
	dialTimeout           = 5 * time.Second
	tlsTimeout            = 5 * time.Second
	apiHeaderTimeout      = 10 * time.Second
	localDialTimeout      = 500 * time.Millisecond
	metadataHeaderTimeout = time.Second
)

// apiClient is the HTTP client for AWS's APIs. It is of the SDK's own kind, which AWS_CA_BUNDLE needs, and takes the
// proxy from the environment.
func apiClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTimeout }).
		WithTransportOptions(func(t *http.Transport) {
			t.TLSHandshakeTimeout = tlsTimeout
			t.ResponseHeaderTimeout = apiHeaderTimeout
		})
}

// localClient is the HTTP client for what lives beside the program: the metadata service and the container endpoint.
// It never goes through a proxy, which would hand out the identity of the proxy's machine.
func localClient(headerTimeout time.Duration) *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy:                 nil,
		DialContext:           (&net.Dialer{Timeout: localDialTimeout}).DialContext,
		ResponseHeaderTimeout: headerTimeout,
	}}
}

// ask calls GetAuthorizationToken of the API behind the registry. FIPS and dual stack are set for this call alone and
// not for the configuration, because STS and SSO, which may be needed first, lack such endpoints in places where ECR
// has them. With an endpoint of the user's own they are cleared, since the SDK refuses the combination.
func ask(ctx context.Context, cfg awssdk.Config, r registry.Registry) (answer, error) {
	if r.Public {
		return askPublic(ctx, cfg, r)
	}
	client := ecr.NewFromConfig(cfg, func(o *ecr.Options) {
		o.EndpointOptions.UseFIPSEndpoint, o.EndpointOptions.UseDualStackEndpoint = variants(r, o.BaseEndpoint,
			o.EndpointOptions.UseFIPSEndpoint, o.EndpointOptions.UseDualStackEndpoint)
	})
	out, err := client.GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return answer{}, fmt.Errorf("calling Amazon ECR: %w", err)
	}
	if len(out.AuthorizationData) == 0 {
		return answer{}, nil
	}
	data := out.AuthorizationData[0]
	return answer{given: true, encoded: awssdk.ToString(data.AuthorizationToken), expiry: awssdk.ToTime(data.ExpiresAt)}, nil
}

func askPublic(ctx context.Context, cfg awssdk.Config, r registry.Registry) (answer, error) {
	client := ecrpublic.NewFromConfig(cfg, func(o *ecrpublic.Options) {
		o.EndpointOptions.UseFIPSEndpoint, o.EndpointOptions.UseDualStackEndpoint = variants(r, o.BaseEndpoint,
			o.EndpointOptions.UseFIPSEndpoint, o.EndpointOptions.UseDualStackEndpoint)
	})
	out, err := client.GetAuthorizationToken(ctx, &ecrpublic.GetAuthorizationTokenInput{})
	if err != nil {
		return answer{}, fmt.Errorf("calling Amazon ECR Public: %w", err)
	}
	if out.AuthorizationData == nil {
		return answer{}, nil
	}
	data := out.AuthorizationData
	return answer{given: true, encoded: awssdk.ToString(data.AuthorizationToken), expiry: awssdk.ToTime(data.ExpiresAt)}, nil
}

// variants decides on FIPS and dual stack: what the host asks for, beyond what the environment or profile sets.
func variants(r registry.Registry, endpoint *string, fips awssdk.FIPSEndpointState, dualStack awssdk.DualStackEndpointState) (awssdk.FIPSEndpointState, awssdk.DualStackEndpointState) {
	if endpoint != nil {
		return awssdk.FIPSEndpointStateUnset, awssdk.DualStackEndpointStateUnset
	}
	if r.FIPS {
		fips = awssdk.FIPSEndpointStateEnabled
	}
	if r.DualStack {
		dualStack = awssdk.DualStackEndpointStateEnabled
	}
	return fips, dualStack
}
