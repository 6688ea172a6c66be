package aws

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ecrlogin/internal/environ"
)

// issue returns a certificate with the key, which also signs it. It is a root if parent is nil.
func issue(
	t *testing.T, key *ecdsa.PrivateKey, name string, expires time.Time, parent *x509.Certificate,
) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(expires.Unix()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: expires,
		IsCA: parent == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	if parent == nil {
		parent = template
	} else {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// An expired root in the bundle file does not hide a valid root of the same name and key that crypto/x509 finds, for
// requests and for early connections.
func TestExpiredRootInTheBundle(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	valid := issue(t, key, "root", time.Now().Add(time.Hour), nil)
	expired := issue(t, key, "root", time.Now().Add(-time.Hour), nil)
	leaf := issue(t, key, "127.0.0.1", time.Now().Add(time.Hour), valid)

	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}}}
	server.StartTLS()
	defer server.Close()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: expired.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}

	for _, early := range []bool{false, true} {
		transport := newTransport(environ.Env{"SSL_CERT_FILE=" + file})
		defer transport.close()
		all := x509.NewCertPool()
		all.AddCert(valid)
		transport.trust.all.TLSClientConfig.RootCAs = all
		if early {
			if c := opened(t, transport, u); c.err != nil {
				t.Error(c.err)
			}
		}
		req, err := http.NewRequest(http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := transport.client().Do(req); err != nil {
			t.Errorf("early %v: %v", early, err)
		} else {
			resp.Body.Close()
		}
		if !transport.trust.rejected.Load() {
			t.Error("the expired root was accepted")
		}
	}
}
