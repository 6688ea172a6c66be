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
	if !is[*url.Error](err) {
		return "", ""
	}
	cause, next = networkAdvice(err)
	return fmt.Sprintf("%s (using %s)", cause, t.identity.label), next
}

// networkAdvice describes the failure of a request and names the host. The error wraps a *url.Error.
func networkAdvice(err error) (cause, next string) {
	switch proxy := proxyFor(requestURL(err)); {
	case isTLS(err):
		next = "if a proxy inspects TLS, specify its CA: export AWS_CA_BUNDLE=/path/to/ca.pem; also check the clock"
	case proxy != nil:
		next = "check HTTPS_PROXY and NO_PROXY"
	case is[*net.DNSError](err):
		next = "check the network, VPN and DNS, and that the region exists"
	default:
		next = "check the network, VPN and firewalls, and whether HTTPS_PROXY is required"
	}
	return networkCause(err), next
}

// networkCause returns "" for an error that does not wrap a *url.Error.
func networkCause(err error) string {
	sent, ok := errors.AsType[*url.Error](err)
	if !ok {
		return ""
	}
	host, proxy := requestURL(err).Host, proxyFor(requestURL(err))
	dns, isDNS := errors.AsType[*net.DNSError](err)
	switch {
	case isBadURL(sent):
		return errBadURL.Error()
	case isDNS:
		return fmt.Sprintf("cannot resolve %s: %s", dns.Name, dns.Err)
	case isTLS(err):
		return fmt.Sprintf("TLS connection to %s failed: %v%s", host, sent.Err, distrusted(err))
	case operationOf(err) == "proxyconnect" && proxy != nil:
		return fmt.Sprintf("cannot connect to proxy %s for %s: %v", proxy.Host, host, innermost(err))
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("%s refused the connection", host)
	case operationOf(err) == "dial" && sent.Timeout():
		return fmt.Sprintf("%s did not accept a connection in time", host)
	case operationOf(err) == "dial":
		return fmt.Sprintf("%s cannot be reached: %v", host, innermost(err))
	case sent.Timeout():
		return fmt.Sprintf("%s accepted the connection but did not respond in time", host)
	case slices.ContainsFunc(hangUps, func(hangUp error) bool { return errors.Is(err, hangUp) }):
		return fmt.Sprintf("%s closed the connection without a response", host)
	case proxy != nil:
		return fmt.Sprintf("proxy %s did not connect to %s: %v", proxy.Host, host, sent.Err)
	}
	return oneline.Text(fmt.Sprintf("%s: %v", host, sent.Err))
}

// hangUps are the errors of a connection that the peer closed.
var hangUps = []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed}

// isSilent reports whether a connection was made but no response arrived.
func isSilent(err error) bool {
	sent, ok := errors.AsType[*url.Error](err)
	return ok && sent.Timeout() && operationOf(err) != "dial"
}

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

func isTLS(err error) bool {
	return errors.Is(err, http.ErrSchemeMismatch) || is[*tls.CertificateVerificationError](err) || is[tls.RecordHeaderError](err) ||
		is[tls.AlertError](err)
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
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u})
	if err != nil {
		return nil
	}
	return proxy
}
