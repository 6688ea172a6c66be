package aws

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"ecrlogin/credentials"
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
	localIdleTimeout      = time.Second // between two requests
)

// apiClient returns the HTTP client for AWS APIs. It is a BuildableClient, which AWS_CA_BUNDLE requires, and uses the
// proxy in the environment. It does not connect to a proxy whose URL is misread, because its host may be a secret.
func apiClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTimeout }).
		WithTransportOptions(func(t *http.Transport) {
			t.Proxy = func(req *http.Request) (*url.URL, error) {
				if isBadProxy(req.URL) {
					return nil, errBadURL
				}
				return http.ProxyFromEnvironment(req)
			}
			t.TLSHandshakeTimeout = tlsTimeout
			t.ResponseHeaderTimeout = apiHeaderTimeout
		})
}

// localClient returns the HTTP client for the metadata service and the container endpoint. It never uses a proxy,
// because a proxy would return the identity of its own machine. Its connections are closed soon after the last request,
// because each try of a daemon has a client of its own. It follows no redirect to another server, which would receive
// the token of the metadata service or of the container.
func localClient(headerTimeout time.Duration) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:           (&net.Dialer{Timeout: localDialTimeout}).DialContext,
			ResponseHeaderTimeout: headerTimeout,
			IdleConnTimeout:       localIdleTimeout,
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if first := via[0].URL; len(via) >= 10 || req.URL.Host != first.Host || req.URL.Scheme != first.Scheme {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
}

// requestToken returns a token from GetAuthorizationToken of the registry's API.
func requestToken(ctx context.Context, cfg awssdk.Config, r registry.Registry) (credentials.Token, error) {
	if r.Public {
		return requestPublicToken(ctx, cfg, r)
	}
	out, err := requestPrivate(ctx, cfg, r)
	if err != nil {
		return credentials.Token{}, err
	}
	return tokenOf(out.AuthorizationData, time.Now().UTC())
}

func requestPrivate(ctx context.Context, cfg awssdk.Config, r registry.Registry) (*ecr.GetAuthorizationTokenOutput, error) {
	client := ecr.NewFromConfig(cfg, func(o *ecr.Options) {
		setVariants(r, o.BaseEndpoint, &o.EndpointOptions.UseFIPSEndpoint, &o.EndpointOptions.UseDualStackEndpoint)
	})
	out, err := client.GetAuthorizationToken(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("calling Amazon ECR: %w", err)
	}
	return out, nil
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

// errInvalidResponse is wrapped by every error about a response that is valid JSON but not usable.
var errInvalidResponse = errors.New("invalid response")

// tokenOf validates the response of either API and returns its first token. Its errors contain no part of the token.
func tokenOf(data []types.AuthorizationData, now time.Time) (credentials.Token, error) {
	invalid := func(format string, args ...any) (credentials.Token, error) {
		return credentials.Token{}, fmt.Errorf("%w: %s", errInvalidResponse, fmt.Sprintf(format, args...))
	}
	if len(data) == 0 {
		return invalid("no authorization data")
	}
	encoded := awssdk.ToString(data[0].AuthorizationToken)
	plain, err := base64.StdEncoding.DecodeString(encoded)
	user, password, ok := strings.Cut(string(plain), ":")
	expiry := earlier(awssdk.ToTime(data[0].ExpiresAt), credentials.Expiration(password)).UTC()
	switch {
	case encoded == "":
		return invalid("no authorization token")
	case err != nil:
		return invalid("the authorization token is not valid base64")
	case !ok:
		return invalid("the authorization token has no colon between user name and password")
	case user == "" || password == "":
		return invalid("the authorization token has an empty user name or password")
	case expiry.IsZero():
		return invalid("the token has no expiration time")
	case !expiry.After(now):
		return invalid("the token expired at %s (local clock: %s)", expiry.Format(time.RFC3339), now.Format(time.RFC3339))
	}
	return credentials.Token{Username: user, Password: password, Issued: now, Expiry: expiry}, nil
}

// earlier returns the earlier of two times. It ignores a zero time.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
