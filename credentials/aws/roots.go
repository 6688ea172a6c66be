package aws

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"ecrlogin/internal/environ"
)

// bundleFiles are the files in which crypto/x509 looks for root certificates on Linux, in its order.
// Source: crypto/x509/root_linux.go.
var bundleFiles = []string{
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/pki/tls/cacert.pem",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/cert.pem",
}

// A trust selects the root certificates of connections. crypto/x509 reads a bundle file and then every file of
// directories such as /etc/ssl/certs, which usually contain the same certificates again and take most of the time. A
// trust reads only the bundle file, and uses all roots of crypto/x509 after any certificate was rejected.
type trust struct {
	all      *http.Transport        // verifies certificates with the roots of crypto/x509
	bundled  func() *http.Transport // verifies them with the bundle file; returns all if there is none
	rejected atomic.Bool            // whether the roots of the bundle file have rejected a certificate
}

// newTrust returns a trust for this system. It starts to read the bundle file, which takes a few milliseconds of CPU
// time.
func newTrust(env environ.Env) *trust {
	t := &trust{all: apiClient().GetTransport()}
	t.bundled = sync.OnceValue(func() *http.Transport {
		roots := bundle(env)
		if roots == nil {
			return t.all
		}
		bundled := apiClient().GetTransport()
		bundled.TLSClientConfig.RootCAs = roots
		return bundled
	})
	go t.bundled()
	return t
}

// bundle returns the root certificates of the first file that crypto/x509 reads. It returns nil if that file contains
// no certificate or is not a regular file, if there is no such file, and on systems where crypto/x509 reads no files. A
// pipe can be read only once, and without a limit of time, so it is left to crypto/x509.
func bundle(env environ.Env) *x509.CertPool {
	if runtime.GOOS != "linux" {
		return nil
	}
	files := bundleFiles
	if file := env.Get("SSL_CERT_FILE"); file != "" {
		files = []string{file}
	}
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if roots := x509.NewCertPool(); roots.AppendCertsFromPEM(content) {
			return roots
		}
		return nil
	}
	return nil
}

// do calls connect with the transport to use. If a certificate was rejected with the bundle file's roots, for whatever
// reason, do calls connect again with those of crypto/x509, so that the decision and the error are those of
// crypto/x509. Nothing is sent over a connection whose certificate is rejected.
func (t *trust) do(connect func(*http.Transport) error) error {
	if t.rejected.Load() {
		return connect(t.all)
	}
	first := t.bundled()
	err := connect(first)
	if first == t.all || !is[*tls.CertificateVerificationError](err) {
		return err
	}
	t.rejected.Store(true)
	return connect(t.all)
}

// closeIdle closes the connections that are not in use, and those that are being opened and that no request waits for.
func (t *trust) closeIdle() {
	t.all.CloseIdleConnections()
	t.bundled().CloseIdleConnections()
}
