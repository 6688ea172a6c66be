package aws

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"ecrlogin/registry"
)

// An Endpoint is the API that gives tokens for a registry.
type Endpoint struct {
	URL    *url.URL // scheme and host alone
	client awssdk.HTTPClient
}

// Endpoint finds the API behind a registry by the SDK's own rules, those for FIPS, dual stack and endpoints of the user's
// included. It sends nothing. The error is one line as Token's.
func (s *Source) Endpoint(ctx context.Context, r registry.Registry) (Endpoint, error) {
	t := s.try(r)
	t.identity = identityFromEnv(t.wanted.Profile)
	cfg, err := t.load(ctx)
	if err != nil {
		return Endpoint{}, t.explain(ctx, err)
	}
	e := Endpoint{client: cfg.HTTPClient}
	cfg.Credentials = credentials.NewStaticCredentialsProvider("none", "none", "") // to sign what is not sent
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), func(s *middleware.Stack) error { return e.catch(t, s) })
	if _, err := ask(ctx, cfg, r); e.URL == nil {
		return Endpoint{}, t.explain(ctx, err)
	}
	return e, nil
}

// errCaught ends a request that was to be looked at and not to be sent.
var errCaught = errors.New("not sent")

// catch makes every request end where it would be sent, and notes where that is.
func (e *Endpoint) catch(t *try, s *middleware.Stack) error {
	step := middleware.DeserializeMiddlewareFunc("ecrLoginCatch", func(_ context.Context, in middleware.DeserializeInput, _ middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		if req, ok := in.Request.(*smithyhttp.Request); ok {
			if err := t.checkURL(req.URL); err != nil {
				return middleware.DeserializeOutput{}, middleware.Metadata{}, err
			}
			e.URL = &url.URL{Scheme: req.URL.Scheme, Host: req.URL.Host}
		}
		return middleware.DeserializeOutput{}, middleware.Metadata{}, errCaught
	})
	return s.Deserialize.Add(step, middleware.Before)
}

// A Contact is what an answer tells beside its contents.
type Contact struct {
	Proxy   string    // host and port of the proxy on the way, "" for none
	Address string    // IP address and port that were connected to: the proxy's, if there is one
	Issuer  string    // who issued the certificate: an organisation or, without one, a name; "" without TLS
	Date    time.Time // by the clock of who answered; zero if it did not say
}

// Reach asks the API for nothing in particular, as nobody, by the way that the SDK takes: with its proxy, certificate
// authorities and time limits. Whatever the answer is, it has been reached. See Advice for the error.
func (e Endpoint) Reach(ctx context.Context) (Contact, error) {
	var c Contact
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { c.Address = info.Conn.RemoteAddr().String() },
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.URL.String()+"/", nil)
	if err != nil {
		return Contact{}, err
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return Contact{}, err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // nobody wants to know what it says
	c.Proxy = proxyOf(&url.Error{URL: req.URL.String()})
	c.Date, _ = http.ParseTime(resp.Header.Get("Date"))
	if resp.TLS != nil && len(resp.TLS.PeerCertificates) > 0 {
		c.Issuer = issuer(resp.TLS.PeerCertificates[0])
	}
	return c, nil
}

// issuer returns who issued a certificate.
func issuer(cert *x509.Certificate) string {
	if org := cert.Issuer.Organization; len(org) > 0 {
		return oneLine("%s", strings.Join(org, ", "))
	}
	return oneLine("%s", cert.Issuer.CommonName)
}

// distrusted tells of a certificate that is not trusted who issued it, which shows whose proxy it is; "" of other errors.
func distrusted(err error) string {
	var verify *tls.CertificateVerificationError
	if !errors.As(err, &verify) || len(verify.UnverifiedCertificates) == 0 {
		return ""
	}
	return ", issued by " + issuer(verify.UnverifiedCertificates[0])
}

// networkNext tells what to do about a request that was not answered.
func networkNext(err error) string {
	var sent *url.Error
	errors.As(err, &sent)
	switch {
	case isTLS(err):
		return "if a proxy inspects TLS, specify its CA: export AWS_CA_BUNDLE=/path/to/ca.pem; also check the clock"
	case proxyOf(sent) != "":
		return "check HTTPS_PROXY and NO_PROXY"
	case isDNS(err):
		return "check the network, VPN and DNS, and that the region exists"
	}
	return "check the network, VPN and firewalls, and whether HTTPS_PROXY is required"
}
