package aws

import (
	"context"
	"fmt"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"

	"ecrlogin/credentials"
	"ecrlogin/registry"
)

// Default returns the default registry of the AWS identity in a region: the registry of the account that the identity
// belongs to, as GetAuthorizationToken reports it. It sends the same requests as Token. s.Identity is called with a
// registry in that region that has no account and no valid host. The error is a *credentials.Error.
func (s *Source) Default(ctx context.Context, region string) (registry.Registry, error) {
	unknown, err := registry.Private("000000000000", region)
	if err != nil {
		return registry.Registry{}, &credentials.Error{
			Host: "default registry", Cause: err.Error(), Next: "specify an AWS region such as us-west-2", Err: err,
		}
	}
	unknown.Host, unknown.Account = "default registry in "+region, ""
	try := s.try(unknown)
	defer try.close()
	r, err := try.defaultRegistry(ctx)
	return r, try.explain(ctx, err)
}

func (t *try) defaultRegistry(ctx context.Context) (registry.Registry, error) {
	cfg, err := t.identify(ctx, callRegistry)
	if err != nil {
		return registry.Registry{}, err
	}
	out, err := requestPrivate(ctx, cfg, t.registry)
	if err != nil {
		return registry.Registry{}, err
	}
	if len(out.AuthorizationData) == 0 {
		return registry.Registry{}, fmt.Errorf("%w: no authorization data", errInvalidResponse)
	}
	endpoint := awssdk.ToString(out.AuthorizationData[0].ProxyEndpoint)
	r, err := registry.Parse(endpoint)
	if err != nil || r.Region != t.registry.Region || r.Public {
		region := t.registry.Region
		return registry.Registry{}, fmt.Errorf("%w: the proxy endpoint is not a registry in %s", errInvalidResponse, region)
	}
	return r, nil
}
