// Package awstest is a stand-in for Amazon Web Services, as httptest is to net/http: the APIs that lead from an AWS
// identity to an Amazon ECR password, and the registries that accept these passwords.
//
// It speaks the wire protocols, so it serves the AWS SDK, the AWS CLI and any container client alike. There are two ways to
// it. Clients that are given [Server.Proxy] as HTTPS proxy and [Server.CAFile] as certificate authority dial the real
// host names of AWS and reach the stand-in with no override at all; [Server.DialedHosts] tells which names these were.
// Clients that take an endpoint are given [Server.URL]. Beware that AWS_ENDPOINT_URL and endpoint_url do not redirect what
// the Go SDK calls to get the credentials of a profile or a web identity (STS, SSO), and that they rule out FIPS and
// dual-stack endpoints.
//
// Signatures are verified, tokens open only what they would open at AWS, calls are counted and faults can be injected.
package awstest

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Options say where the stand-in listens. Dir is required; the zero value of the rest is right for tests.
type Options struct {
	Dir      string // folder to write ca.pem to
	API      string // listen address of the plain HTTP APIs; "" means 127.0.0.1:0
	Registry string // listen address of the TLS registry; "" means 127.0.0.1:0
	Proxy    string // listen address of the CONNECT proxy; "" means 127.0.0.1:0
}

// A Server is a running stand-in. Its methods are safe for concurrent use; its fields must not be changed.
type Server struct {
	// URL is http://127.0.0.1:PORT, for AWS_ENDPOINT_URL and AWS_EC2_METADATA_SERVICE_ENDPOINT. With "/container" at its
	// end it is for AWS_CONTAINER_CREDENTIALS_FULL_URI.
	URL string
	// Proxy is http://127.0.0.1:PORT, for HTTPS_PROXY.
	Proxy string
	// Registry is 127.0.0.1:PORT, where the registries speak TLS.
	Registry string
	// CAFile is the PEM of the authority that signs every certificate, for AWS_CA_BUNDLE and SSL_CERT_FILE.
	CAFile string

	ca        *authority
	images    *images
	client    *http.Client
	closers   []func() error
	serving   sync.WaitGroup
	done      chan struct{} // closed by Close; ends waits of injected faults
	closeOnce sync.Once

	clockMu sync.RWMutex
	clock   func() time.Time

	keys   keyring
	issuer issuer
	sso    ssoTokens
	local  local
	tokens tokens
	faults faults
	calls  calls
}

// New starts a stand-in that ends with the test.
func New(tb testing.TB) *Server {
	tb.Helper()
	s, err := Start(Options{Dir: tb.TempDir()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

// Start starts a stand-in, which knows the key KeyID. The caller must Close it.
func Start(o Options) (*Server, error) {
	if o.Dir == "" {
		return nil, errors.New("starting awstest: Options.Dir is empty")
	}
	ca, err := newAuthority()
	if err != nil {
		return nil, fmt.Errorf("making a certificate authority: %w", err)
	}
	caFile, err := filepath.Abs(filepath.Join(o.Dir, "ca.pem"))
	if err != nil {
		return nil, err
	}
	s := &Server{
		CAFile: caFile,
		ca:     ca,
		images: newImages(),
		done:   make(chan struct{}),
		clock:  time.Now,
		keys:   keyring{keys: map[string]key{}, roles: map[string]string{}},
		sso:    ssoTokens{refresh: randomText(120), access: []string{randomText(120)}},
		local:  local{metadataTokens: map[string]bool{}},
		tokens: tokens{life: 12 * time.Hour, issued: map[string]*token{}},
	}
	s.AddKey(Key{ID: KeyID, Secret: SecretKey, Account: Account})
	if err := os.WriteFile(s.CAFile, ca.pem, 0o644); err != nil {
		return nil, fmt.Errorf("writing the certificate authority: %w", err)
	}
	if err := s.listen(o); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// listen opens the three ways in and serves them.
func (s *Server) listen(o Options) error {
	api, err := listenTCP(o.API)
	if err != nil {
		return fmt.Errorf("listening for the APIs: %w", err)
	}
	s.URL = "http://" + api.Addr().String()
	s.serve(&http.Server{Handler: http.HandlerFunc(s.serveAPI)}, api)

	registries, err := listenTCP(o.Registry)
	if err != nil {
		return fmt.Errorf("listening for the registry: %w", err)
	}
	s.Registry = registries.Addr().String()
	s.serve(&http.Server{Handler: http.HandlerFunc(s.serveRegistry)}, s.ca.listener(registries))

	proxy, err := listenTCP(o.Proxy)
	if err != nil {
		return fmt.Errorf("listening for the proxy: %w", err)
	}
	s.Proxy = "http://" + proxy.Addr().String()
	s.serveProxy(proxy)
	s.client = s.newClient()
	return nil
}

// Close stops the stand-in and drops every open connection.
func (s *Server) Close() {
	s.closeOnce.Do(func() {
		close(s.done)
		for _, closeOne := range s.closers {
			_ = closeOne() // nothing is lost with an unsent answer
		}
		if s.client != nil {
			s.client.CloseIdleConnections()
		}
		s.serving.Wait()
	})
}

// Client returns a client that trusts the stand-in's certificates and reaches any host name by its proxy. Like clients that
// are given HTTPS_PROXY, it goes straight to plain HTTP addresses and to loopback addresses.
func (s *Server) Client() *http.Client { return s.client }

func (s *Server) newClient() *http.Client {
	proxy := &url.URL{Scheme: "http", Host: strings.TrimPrefix(s.Proxy, "http://")}
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: s.ca.clientConfig(),
		Proxy: func(r *http.Request) (*url.URL, error) {
			if r.URL.Scheme != "https" || net.ParseIP(r.URL.Hostname()).IsLoopback() {
				return nil, nil
			}
			return proxy, nil
		},
	}}
}

// SetClock gives the stand-in another clock, for the Date header, the age of signatures and the expiry of keys and
// tokens. Nil means time.Now.
func (s *Server) SetClock(now func() time.Time) {
	if now == nil {
		now = time.Now
	}
	s.clockMu.Lock()
	defer s.clockMu.Unlock()
	s.clock = now
}

// now reads the stand-in's clock, outside the lock so that a clock may itself ask the stand-in.
func (s *Server) now() time.Time {
	s.clockMu.RLock()
	clock := s.clock
	s.clockMu.RUnlock()
	return clock()
}

// serve runs srv on l until Close.
func (s *Server) serve(srv *http.Server, l net.Listener) {
	srv.ErrorLog = quiet
	srv.ReadHeaderTimeout = time.Minute
	s.closers = append(s.closers, srv.Close)
	s.serving.Go(func() { _ = srv.Serve(l) }) // it ends by Close only
}

func listenTCP(address string) (net.Listener, error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	return net.Listen("tcp", address)
}
