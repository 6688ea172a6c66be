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
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecrpublic"

	"ecrlogin/registry"
)

// Timeouts of the phases of one request. AWS responds to these calls in well under a second. Each limit is below the
// default timeout of 15 seconds, so that the error names the host that did not respond.
const (
	dialTimeout           = 5 * time.Second
	tlsTimeout            = 5 * time.Second
	apiHeaderTimeout      = 10 * time.Second
	localDialTimeout      = 500 * time.Millisecond
	metadataHeaderTimeout = time.Second
)

// apiClient returns the HTTP client for AWS APIs. It is a BuildableClient, which AWS_CA_BUNDLE requires, and uses the
// proxy in the environment.
func apiClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTimeout }).
		WithTransportOptions(func(t *http.Transport) {
			t.TLSHandshakeTimeout = tlsTimeout
			t.ResponseHeaderTimeout = apiHeaderTimeout
		})
}

// localClient returns the HTTP client for the metadata service and the container endpoint. It never uses a proxy,
// because a proxy would return the identity of its own machine.
func localClient(headerTimeout time.Duration) *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy:                 nil,
		DialContext:           (&net.Dialer{Timeout: localDialTimeout}).DialContext,
		ResponseHeaderTimeout: headerTimeout,
	}}
}

// ask calls GetAuthorizationToken of the registry's API. The result is nil if the response contains no data.
func ask(ctx context.Context, cfg awssdk.Config, r registry.Registry) (*types.AuthorizationData, error) {
	if r.Public {
		return askPublic(ctx, cfg, r)
	}
	client := ecr.NewFromConfig(cfg, func(o *ecr.Options) {
		setVariants(r, o.BaseEndpoint, &o.EndpointOptions.UseFIPSEndpoint, &o.EndpointOptions.UseDualStackEndpoint)
	})
	out, err := client.GetAuthorizationToken(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("calling Amazon ECR: %w", err)
	}
	if len(out.AuthorizationData) == 0 {
		return nil, nil
	}
	return &out.AuthorizationData[0], nil
}

func askPublic(ctx context.Context, cfg awssdk.Config, r registry.Registry) (*types.AuthorizationData, error) {
	client := ecrpublic.NewFromConfig(cfg, func(o *ecrpublic.Options) {
		setVariants(r, o.BaseEndpoint, &o.EndpointOptions.UseFIPSEndpoint, &o.EndpointOptions.UseDualStackEndpoint)
	})
	out, err := client.GetAuthorizationToken(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("calling Amazon ECR Public: %w", err)
	}
	data := out.AuthorizationData
	if data == nil {
		return nil, nil
	}
	return &types.AuthorizationData{AuthorizationToken: data.AuthorizationToken, ExpiresAt: data.ExpiresAt}, nil
}

// setVariants enables FIPS and dual stack if the registry's host requires them. It is called for the registry's API
// only, because STS and SSO lack such endpoints in some regions where ECR has them. For a custom endpoint it disables
// both, because the SDK rejects the combination.
func setVariants(r registry.Registry, endpoint *string, fips *awssdk.FIPSEndpointState, dualStack *awssdk.DualStackEndpointState) {
	if endpoint != nil {
		*fips, *dualStack = awssdk.FIPSEndpointStateUnset, awssdk.DualStackEndpointStateUnset
		return
	}
	if r.FIPS {
		*fips = awssdk.FIPSEndpointStateEnabled
	}
	if r.DualStack {
		*dualStack = awssdk.DualStackEndpointStateEnabled
	}
}
