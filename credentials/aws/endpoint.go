package aws

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	ssoportal "github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"ecrlogin/registry"
)

// Endpoint is the API that issues tokens for a registry.
type Endpoint struct {
	URL    *url.URL // scheme and host only
	client awssdk.HTTPClient
}

// Endpoint returns the API of a registry by the rules of the SDK, including FIPS, dual stack and custom endpoints. It
// sends no request to that API. The error is a *credentials.Error.
func (s *Source) Endpoint(ctx context.Context, r registry.Registry) (Endpoint, error) {
	t := s.try(r)
	cfg, err := t.load(ctx)
	if err != nil {
		return Endpoint{}, t.explain(ctx, err)
	}
	u, err := t.urlOf(ctx, cfg, callRegistry)
	if err != nil {
		return Endpoint{}, t.explain(ctx, err)
	}
	return Endpoint{URL: u, client: cfg.HTTPClient}, nil
}

// An apiCall calls an operation of an API. Only its URL matters.
type apiCall func(context.Context, awssdk.Config, registry.Registry) error

// callRegistry calls the API of the registry.
func callRegistry(ctx context.Context, cfg awssdk.Config, r registry.Registry) error {
	_, err := requestToken(ctx, cfg, r)
	return err
}

// callSTS calls STS.
func callSTS(ctx context.Context, cfg awssdk.Config, _ registry.Registry) error {
	_, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	return err
}

// callSSO requests credentials of an SSO session.
func callSSO(ctx context.Context, cfg awssdk.Config, _ registry.Registry) error {
	none := awssdk.String("none")
	in := &ssoportal.GetRoleCredentialsInput{AccessToken: none, AccountId: none, RoleName: none}
	_, err := ssoportal.NewFromConfig(cfg).GetRoleCredentials(ctx, in)
	return err
}

// urlOf returns the URL, scheme and host only, to which call would send its request. It sends nothing.
func (t *try) urlOf(ctx context.Context, cfg awssdk.Config, call apiCall) (found *url.URL, err error) {
	// These keys sign a request that is not sent. FIPS 140-3 mode "only" does not allow a shorter secret.
	cfg.Credentials = credentials.NewStaticCredentialsProvider("none", "not-a-secret", "")
	catch := func(_ context.Context, in middleware.DeserializeInput, _ middleware.DeserializeHandler) (
		out middleware.DeserializeOutput, m middleware.Metadata, err error,
	) {
		if req, ok := in.Request.(*smithyhttp.Request); ok {
			if err := t.checkURL(req.URL); err != nil {
				return out, m, err
			}
			found = &url.URL{Scheme: req.URL.Scheme, Host: req.URL.Host}
		}
		return out, m, errors.New("not sent")
	}
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), func(s *middleware.Stack) error {
		return s.Deserialize.Add(middleware.DeserializeMiddlewareFunc("ecrLoginCatch", catch), middleware.Before)
	})
	if err = call(ctx, cfg, t.registry); found != nil {
		err = nil
	}
	return found, err
}

// Contact describes the connection and the headers of a response.
type Contact struct {
	Proxy   string    // host and port of the proxy; empty for none
	Address string    // IP address and port of the connection: the proxy's, if there is one
	Issuer  string    // issuer of the certificate: its organization or else its common name; empty without TLS
	Date    time.Time // Date header of the response; zero if missing
}

// Reach sends an unauthenticated GET request to the API with the proxy, certificate authorities and timeouts of the
// SDK. Any response counts as success. Use NetworkAdvice to explain the error.
func (e Endpoint) Reach(ctx context.Context) (Contact, error) {
	var c Contact
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { c.Address = info.Conn.RemoteAddr().String() },
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.URL.String()+"/", nil)
	if err != nil {
		return Contact{}, err
	}
	if client, ok := e.client.(*http.Client); ok {
		defer client.CloseIdleConnections()
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return Contact{}, err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	if proxy := proxyFor(req.URL); proxy != nil {
		c.Proxy = proxy.Host
	}
	c.Date, _ = http.ParseTime(resp.Header.Get("Date"))
	if resp.TLS != nil && len(resp.TLS.PeerCertificates) > 0 {
		c.Issuer = issuer(resp.TLS.PeerCertificates[0])
	}
	return c, nil
}
