package aws

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"

	"ecrlogin/internal/oneline"
)

// explainNetwork handles requests that did not reach the API or got no response.
func explainNetwork(t *try, err error) (cause, next string) {
	cause, next = NetworkAdvice(err)
	if cause != "" {
		cause += fmt.Sprintf(" (using %s)", t.identity.label)
	}
	return cause, next
}

// NetworkAdvice returns the cause, which names the host, and the next step of a *url.Error, such as that of
// Endpoint.Reach. Both are "" for an error that does not wrap one.
func NetworkAdvice(err error) (cause, next string) {
	sent, ok := errors.AsType[*url.Error](err)
	if !ok {
		return "", ""
	}
	proxy := proxyFor(requestURL(err))
	switch {
	case strings.Contains(err.Error(), "tls: ") && strings.Contains(err.Error(), "FIPS"):
		next = "the server, or a proxy that inspects TLS, must support FIPS 140-3: TLS 1.3, or TLS 1.2 with Extended " +
			"Master Secret, and certificates with RSA keys of 2048 bits or more, or ECDSA keys"
	case isPlain(err) && operationOf(err) == proxyConnect:
		next = "use http:// instead of https:// in HTTPS_PROXY"
	case isPlain(err):
		next = portalAdvice
	case isTLS(err):
		next = "if a proxy inspects TLS, specify its CA: export AWS_CA_BUNDLE=/path/to/ca.pem; also check the clock"
	case proxy != nil:
		next = "check HTTPS_PROXY and NO_PROXY"
	case is[*net.DNSError](err):
		next = "check the network, VPN and DNS, and that the region exists"
	default:
		next = "check the network, VPN and firewalls, and whether HTTPS_PROXY is required"
	}
	return networkCause(sent, proxy), next
}

func networkCause(err *url.Error, proxy *url.URL) string {
	host, operation := requestURL(err).Host, operationOf(err)
	dns, isDNS := errors.AsType[*net.DNSError](err)
	switch {
	case isBadURL(err):
		return errBadURL.Error()
	case isDNS:
		return fmt.Sprintf("cannot resolve %s: %s", dns.Name, dns.Err)
	case isTLS(err) && operation == proxyConnect && proxy != nil:
		return fmt.Sprintf("TLS connection to proxy %s for %s failed: %v%s", proxy.Host, host, innermost(err), distrusted(err))
	case isTLS(err):
		return fmt.Sprintf("TLS connection to %s failed: %v%s", host, err.Err, distrusted(err))
	case operation == proxyConnect && proxy != nil:
		return fmt.Sprintf("cannot connect to proxy %s for %s: %v", proxy.Host, host, innermost(err))
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("%s refused the connection", host)
	case operation == "dial" && err.Timeout():
		return fmt.Sprintf("%s did not accept a connection in time", host)
	case operation == "dial":
		return fmt.Sprintf("%s cannot be reached: %v", host, innermost(err))
	case err.Timeout():
		return fmt.Sprintf("%s accepted the connection but did not respond in time", host)
	case slices.ContainsFunc(hangUps, func(hangUp error) bool { return errors.Is(err, hangUp) }):
		return fmt.Sprintf("%s closed the connection without a response", host)
	case proxy != nil:
		return fmt.Sprintf("proxy %s did not connect to %s: %v", proxy.Host, host, err.Err)
	}
	return oneline.Text(fmt.Sprintf("%s: %v", host, err.Err))
}

// hangUps are the errors of a connection that the peer closed.
var hangUps = []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed}

// operationOf returns the outermost network operation in err, such as "dial", or "".
func operationOf(err error) string {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Op
	}
	return ""
}

func innermost(err error) error {
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return err
}

// proxyConnect is the network operation of a connection to a proxy.
const proxyConnect = "proxyconnect"

func isTLS(err error) bool {
	return isPlain(err) || is[*tls.CertificateVerificationError](err) || is[tls.AlertError](err)
}

// isPlain reports whether the peer does not use TLS, such as a captive portal.
func isPlain(err error) bool {
	return errors.Is(err, http.ErrSchemeMismatch) || is[tls.RecordHeaderError](err)
}

// distrusted names the issuer of an untrusted certificate, which identifies a proxy that inspects TLS. It returns ""
// for other errors.
func distrusted(err error) string {
	verify, ok := errors.AsType[*tls.CertificateVerificationError](err)
	if !ok || len(verify.UnverifiedCertificates) == 0 {
		return ""
	}
	return ", issued by " + issuer(verify.UnverifiedCertificates[0])
}

// issuer returns the organization or else the common name of the issuer of a certificate.
func issuer(cert *x509.Certificate) string {
	if org := cert.Issuer.Organization; len(org) > 0 {
		return oneline.Text(strings.Join(org, ", "))
	}
	return oneline.Text(cert.Issuer.CommonName)
}

// requestURL returns the URL of the failed request in err. It is empty if there is none or if it cannot be parsed.
func requestURL(err error) *url.URL {
	if sent, ok := errors.AsType[*url.Error](err); ok {
		if u, err := url.Parse(sent.URL); err == nil {
			return u
		}
	}
	return new(url.URL)
}

// proxyFor returns the proxy of the environment for a URL, or nil. Its user information may contain a password.
func proxyFor(u *url.URL) *url.URL {
	proxy, _ := http.ProxyFromEnvironment(&http.Request{URL: u}) // fails only for CGI programs
	return proxy
}

// errBadURL reports a request that was not sent because its URL is invalid.
var errBadURL = errors.New("a URL in the configuration is invalid")

// isMisread reports whether a URL parses as something that the user cannot mean. In http://user:12/34@host, a parser
// takes "user" as the host and "12" as the port; both may be secret and must not be shown.
func isMisread(u *url.URL, schemes ...string) bool {
	return !slices.Contains(schemes, u.Scheme) || u.Host == "" ||
		strings.Contains(u.Opaque+u.EscapedPath()+u.RawQuery+u.EscapedFragment(), "@")
}

// isMisreadEndpoint is isMisread for the value of a setting. It returns false for a value that does not parse, because
// the SDK reports that.
func isMisreadEndpoint(value string) bool {
	u, err := url.Parse(value)
	return value != "" && err == nil && isMisread(u, "http", "https")
}

// checkURL returns errBadURL if u has the host of a misread endpoint. Such a request must not be sent.
func (t *try) checkURL(u *url.URL) error {
	for _, value := range t.endpoints() {
		if given, err := url.Parse(value); err == nil && given.Host == u.Host && isMisreadEndpoint(value) {
			return errBadURL
		}
	}
	return nil
}

// Environment variables with the URLs of the metadata service and the container endpoint.
const (
	metadataEndpoint  = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
	containerEndpoint = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
)

// endpoints returns the endpoint URLs in the environment and in the AWS files.
func (t *try) endpoints() []string {
	all := []string{t.shared.BaseEndpoint, t.shared.EC2IMDSEndpoint}
	for _, service := range t.shared.Services.ServiceValues {
		all = append(all, service["endpoint_url"])
	}
	for name, value := range t.environ.All() {
		if strings.HasPrefix(name, "AWS_ENDPOINT_URL") || name == metadataEndpoint || name == containerEndpoint {
			all = append(all, value)
		}
	}
	return all
}

// badURL reports whether an error is about a configured URL that cannot be parsed or is misread. The text of such an
// error must not be shown, because the host or port in it may be part of a password.
func (t *try) badURL(err error) bool {
	if errors.Is(err, errBadURL) {
		return true
	}
	if sent, ok := errors.AsType[*url.Error](err); ok {
		return isBadURL(sent)
	}
	text := err.Error() // the SDK has no types for these errors
	if strings.Contains(text, "failed to resolve host") || strings.Contains(text, "invalid endpoint host") {
		return isMisreadEndpoint(t.environ.Get(containerEndpoint))
	}
	return strings.Contains(text, "Failed to parse uri: ") || strings.Contains(text, "unable to parse host from local HTTP cred provider URL")
}

// isBadURL reports whether the URL of a request or of its proxy is invalid.
func isBadURL(sent *url.Error) bool { return sent.Op == "parse" || isBadProxy(requestURL(sent)) }

// isBadProxy reports whether the URL of the proxy for u is misread.
func isBadProxy(u *url.URL) bool {
	proxy := proxyFor(u)
	return proxy != nil && isMisread(proxy, "http", "https", "socks5", "socks5h")
}

// explainURL handles an invalid URL in the configuration. It names the setting but not its value.
func explainURL(t *try, err error) (cause, next string) {
	if !t.badURL(err) {
		return "", ""
	}
	var variables []string
	switch service, _ := operation(err); {
	case isBadProxy(requestURL(err)):
		variables = []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"}
	case service == "":
		variables = []string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", containerEndpoint}
	case service == "ec2imds":
		variables = []string{metadataEndpoint}
	default:
		variables = []string{"AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(service, " ", "_")), "AWS_ENDPOINT_URL"}
	}
	setting := "an endpoint in " + t.files()
	if i := slices.IndexFunc(variables, func(name string) bool { return t.environ.Get(name) != "" }); i >= 0 {
		setting = variables[i]
	}
	return fmt.Sprintf("%s is not a valid URL (using %s)", setting, t.identity.label),
		"use the form https://HOST:PORT; in a user name or password, write / as %2F, ? as %3F, # as %23 and @ as %40"
}
