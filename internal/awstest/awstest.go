// Package awstest is a stand-in for AWS in tests. It implements the APIs that are called between an AWS identity and an
// Amazon ECR password, and the registries that accept these passwords.
//
// It speaks the wire protocols, so it works with the AWS SDK, the AWS CLI and all container clients. Clients can reach
// it in two ways:
//
//   - With [Server.Proxy] as HTTPS proxy and [Server.CAFile] as certificate authority, clients dial the real host names
//     of AWS. [Server.DialedHosts] returns these names.
//   - With [Server.URL] or [Server.SecureURL] as endpoint. The endpoints AWS_ENDPOINT_URL and endpoint_url do not apply
//     to the calls of the Go SDK for the credentials of a profile or a web identity (STS, SSO), and they rule out FIPS
//     and dual-stack endpoints.
//
// The stand-in verifies signatures, and accepts a token only where AWS accepts it. It counts calls and injects faults.
package awstest

import (
	"cmp"
	"crypto/rsa"
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

// Options are the options of a Server. Dir is required.
type Options struct {
	Dir      string // directory to write ca.pem to
	Registry string // listen address of the TLS registry; "" means 127.0.0.1:0
}

// A Server is a running stand-in. Its methods are safe for concurrent use; its fields must not be changed.
type Server struct {
	// URL is http://127.0.0.1:PORT, for AWS_ENDPOINT_URL and AWS_EC2_METADATA_SERVICE_ENDPOINT. URL + "/container" is
	// for AWS_CONTAINER_CREDENTIALS_FULL_URI.
	URL string
	// SecureURL is https://127.0.0.1:PORT, the same APIs over TLS, for AWS_ENDPOINT_URL.
	SecureURL string
	// Proxy is http://127.0.0.1:PORT, for HTTPS_PROXY.
	Proxy string
	// Registry is 127.0.0.1:PORT, where the registries listen for TLS connections.
	Registry string
	// CAFile is the PEM file of the authority that signs all certificates, for AWS_CA_BUNDLE and SSL_CERT_FILE.
	CAFile string

	ca        *authority
	client    *http.Client
	closers   []func() error
	serving   sync.WaitGroup
	done      chan struct{} // closed by Close; ends the waits of injected faults
	closeOnce sync.Once

	refreshToken string // the SSO refresh token, which does not expire

	mu             sync.Mutex // protects all fields below
	clock          func() time.Time
	calls          []Call
	dialed         []string                // the hosts of CONNECT requests
	resets         int                     // number of calls of ResetCalls
	faults         []*injection            // oldest first
	keys           map[string]key          // valid keys by ID
	roles          map[string]string       // external ID by the ARN of the role; "" means none is required
	issuers        []*rsa.PublicKey        // the keys of trusted OIDC issuers
	trusts         map[string][]trust      // by the ARN of the role
	accessTokens   []string                // all issued SSO access tokens, newest last; all are accepted
	metadataTokens map[string]bool         // tokens that the EC2 metadata service issued
	containerToken string                  // required by the container endpoint; "" means none is required
	tokenLifetime  time.Duration           // of new ECR tokens
	tokens         map[string]token        // issued ECR tokens by password
	images         map[string]http.Handler // see imagesOf
}

// New starts a Server and closes it when the test ends.
func New(tb testing.TB) *Server {
	tb.Helper()
	s, err := Start(Options{Dir: tb.TempDir()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

// Start starts a Server that accepts the key KeyID. The caller must close it.
func Start(o Options) (*Server, error) {
	if o.Dir == "" {
		return nil, errors.New("starting awstest: Options.Dir is empty")
	}
	ca, err := newAuthority()
	if err != nil {
		return nil, fmt.Errorf("creating the certificate authority: %w", err)
	}
	caFile, err := filepath.Abs(filepath.Join(o.Dir, "ca.pem"))
	if err != nil {
		return nil, err
	}
	s := &Server{
		CAFile: caFile,
		ca:     ca,
		done:   make(chan struct{}),
		clock:  time.Now,

		keys:           map[string]key{},
		roles:          map[string]string{},
		trusts:         map[string][]trust{},
		refreshToken:   randomText(120),
		accessTokens:   []string{randomText(120)},
		metadataTokens: map[string]bool{},
		tokenLifetime:  12 * time.Hour,
		tokens:         map[string]token{},
		images:         map[string]http.Handler{},
	}
	s.AddKey(Key{ID: KeyID, Secret: SecretKey, Account: Account})
	if err := os.WriteFile(s.CAFile, ca.pem, 0o644); err != nil {
		return nil, fmt.Errorf("writing the certificate authority: %w", err)
	}
	if err := s.start(o.Registry); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// start listens on the addresses and serves the connections.
func (s *Server) start(registry string) error {
	api, err := listen("")
	if err != nil {
		return fmt.Errorf("listening for the APIs: %w", err)
	}
	s.URL = "http://" + api.Addr().String()
	s.serve(&http.Server{Handler: http.HandlerFunc(s.serveAPI)}, api)

	secure, err := listen("")
	if err != nil {
		return fmt.Errorf("listening for the APIs over TLS: %w", err)
	}
	s.SecureURL = "https://" + secure.Addr().String()
	s.serve(&http.Server{Handler: http.HandlerFunc(s.serveAPI)}, s.ca.listener(secure))

	registries, err := listen(registry)
	if err != nil {
		return fmt.Errorf("listening for the registry: %w", err)
	}
	s.Registry = registries.Addr().String()
	s.serve(&http.Server{Handler: http.HandlerFunc(s.serveRegistry)}, s.ca.listener(registries))

	proxy, err := listen("")
	if err != nil {
		return fmt.Errorf("listening for the proxy: %w", err)
	}
	s.Proxy = "http://" + proxy.Addr().String()
	s.serveProxy(proxy)
	s.client = s.newClient()
	return nil
}

// Close stops the Server and closes all connections.
func (s *Server) Close() {
	s.closeOnce.Do(func() {
		close(s.done)
		for _, closeOne := range s.closers {
			_ = closeOne() // unsent responses are not needed
		}
		if s.client != nil {
			s.client.CloseIdleConnections()
		}
		s.serving.Wait()
	})
}

// Client returns a client that trusts the certificates of s and connects to all host names via its proxy. As with
// HTTPS_PROXY, it connects to http URLs and loopback addresses directly.
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

// SetClock sets the clock for the Date header, the age of signatures, and the expiration of keys and tokens. Nil means
// time.Now.
func (s *Server) SetClock(now func() time.Time) {
	if now == nil {
		now = time.Now
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = now
}

// now returns the time of the clock. It calls the clock without holding the lock, because the clock may call s.
func (s *Server) now() time.Time {
	s.mu.Lock()
	clock := s.clock
	s.mu.Unlock()
	return clock()
}

// serve runs srv on l until Close.
func (s *Server) serve(srv *http.Server, l net.Listener) {
	srv.ErrorLog = quiet
	srv.ReadHeaderTimeout = time.Minute
	s.closers = append(s.closers, srv.Close)
	s.serving.Go(func() { _ = srv.Serve(l) }) // returns only after Close
}

func listen(address string) (net.Listener, error) {
	return net.Listen("tcp", cmp.Or(address, "127.0.0.1:0"))
}
