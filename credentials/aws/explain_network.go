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
	"syscall"
)

// explainNetwork handles requests that did not reach the API or got no response.
func explainNetwork(t *try, err error) (cause, next string) {
	var sent *url.Error
	if !errors.As(err, &sent) {
		return "", ""
	}
	cause = fmt.Sprintf("%s (using %s)", networkCause(err), t.identity.label)
	switch {
	case isTLS(err):
		return cause, "if a proxy inspects TLS, specify its CA in AWS_CA_BUNDLE; also check the clock"
	case proxyOf(sent) != "":
		return cause, "check HTTPS_PROXY and NO_PROXY"
	case isDNS(err):
		return cause, fmt.Sprintf("check the network, VPN and DNS, and that region %s exists", t.registry.Region)
	}
	return cause, "check the network, VPN and firewalls, and whether HTTPS_PROXY is required"
}

// networkCause describes the failure of a request and names the host. It returns "" for other errors.
func networkCause(err error) string {
	var sent *url.Error
	errors.As(err, &sent)
	host := hostOf(err)
	var dns *net.DNSError
	switch {
	case sent == nil:
		return ""
	case badURL(err):
		return errBadURL.Error()
	case errors.As(err, &dns):
		return fmt.Sprintf("cannot resolve %s: %s", dns.Name, dns.Err)
	case isTLS(err):
		return fmt.Sprintf("TLS connection to %s failed: %v", host, sent.Err)
	case isProxyDial(err):
		return fmt.Sprintf("cannot connect to proxy %s for %s: %v", proxyOf(sent), host, innermost(err))
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("%s refused the connection", host)
	case isDial(err) && sent.Timeout():
		return fmt.Sprintf("%s did not accept a connection in time", host)
	case isDial(err):
		return fmt.Sprintf("%s cannot be reached: %v", host, innermost(err))
	case sent.Timeout():
		return fmt.Sprintf("%s accepted the connection but did not respond in time", host)
	case slices.ContainsFunc(hangUps, func(hangUp error) bool { return errors.Is(err, hangUp) }):
		return fmt.Sprintf("%s closed the connection without a response", host)
	case proxyOf(sent) != "":
		return fmt.Sprintf("proxy %s did not connect to %s: %v", proxyOf(sent), host, sent.Err)
	}
	return oneLine("%s: %v", host, sent.Err)
}

// hangUps are the errors of a connection that the peer closed.
var hangUps = []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed}

// isSilent reports whether a connection was made but no response arrived.
func isSilent(err error) bool {
	var sent *url.Error
	return errors.As(err, &sent) && sent.Timeout() && !isDial(err)
}

func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func isProxyDial(err error) bool {
	for {
		var op *net.OpError
		if !errors.As(err, &op) {
			return false
		}
		if op.Op == "proxyconnect" {
			return true
		}
		err = op.Err
	}
}

func isDNS(err error) bool {
	var e *net.DNSError
	return errors.As(err, &e)
}

func isTLS(err error) bool {
	var verify *tls.CertificateVerificationError
	var header tls.RecordHeaderError
	var alert tls.AlertError
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &verify) || errors.As(err, &header) || errors.As(err, &alert) || errors.As(err, &authority) ||
		errors.As(err, &hostname) || errors.As(err, &invalid)
}

// proxyOf returns the host of the proxy for a request, without the password that its URL may contain. It returns "" if
// there is no proxy.
func proxyOf(sent *url.Error) string {
	if proxy := proxyURL(sent); proxy != nil {
		return proxy.Host
	}
	return ""
}
