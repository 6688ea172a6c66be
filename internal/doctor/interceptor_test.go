//go:build unix

package doctor_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// An interceptor is a proxy that forwards to the AWS stand-in, but answers requests for one host itself.
type interceptor struct {
	host   string
	next   string // the proxy for all other hosts
	answer http.Handler
	cert   tls.Certificate
}

// newInterceptor returns an interceptor and its certificate as PEM, for clients to trust.
func newInterceptor(host, next string, answer http.Handler) (*interceptor, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	f := &interceptor{host, strings.TrimPrefix(next, "http://"), answer, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}}
	return f, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

// ServeHTTP accepts CONNECT, and either forwards the connection or answers on it.
func (f *interceptor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	if name, _, _ := net.SplitHostPort(r.Host); name == f.host {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n")
		l := &singleListener{conn: tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{f.cert}}), done: make(chan struct{})}
		_ = (&http.Server{Handler: f.answer, ConnState: l.state}).Serve(l)
		return
	}
	onward, err := net.Dial("tcp", f.next)
	if err != nil {
		return
	}
	defer onward.Close()
	_, _ = io.WriteString(onward, "CONNECT "+r.Host+" HTTP/1.1\r\nHost: "+r.Host+"\r\n\r\n")
	go func() { _, _ = io.Copy(onward, conn) }()
	_, _ = io.Copy(conn, onward)
}

// A singleListener is a listener that accepts one connection.
type singleListener struct {
	conn net.Conn
	done chan struct{}
}

func (s *singleListener) Accept() (net.Conn, error) {
	if conn := s.conn; conn != nil {
		s.conn = nil
		return conn, nil
	}
	<-s.done
	return nil, net.ErrClosed
}

func (s *singleListener) state(_ net.Conn, state http.ConnState) {
	if state == http.StateClosed {
		close(s.done)
	}
}

func (s *singleListener) Close() error   { return nil }
func (s *singleListener) Addr() net.Addr { return nil }

func replaceRegistry(ts *testscript.TestScript, _ bool, args []string) {
	kind, ok := kinds[args[1]]
	if !ok {
		ts.Fatalf("unknown kind %q", args[1])
	}
	message := strings.Join(args[2:], " ")
	seen := ts.Value(passwordsKey{}).(*passwords)
	f, ca, err := newInterceptor(args[0], ts.Getenv("PROXY"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.add(r)
		kind(w, r, message)
	}))
	ts.Check(err)
	proxy := listen(ts, f)
	bundle, err := os.OpenFile(ts.Getenv("AWS_CA_BUNDLE"), os.O_APPEND|os.O_WRONLY, 0)
	ts.Check(err)
	_, err = bundle.Write(ca)
	ts.Check(err)
	ts.Check(bundle.Close())
	ts.Setenv("HTTPS_PROXY", proxy)
	ts.Setenv("PROXY", proxy) // plain replaces it in the output
}

// passwords are the passwords that interceptors received.
type passwords struct {
	mu  sync.Mutex
	all []string
}

type passwordsKey struct{}

func (p *passwords) add(r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, password, ok := r.BasicAuth(); ok {
		p.all = append(p.all, password, strings.TrimPrefix(r.Header.Get("Authorization"), "Basic "))
	}
}

// in returns a part of a password that the text contains, "" if there is none.
func (p *passwords) in(text string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	const telling = 20
	for _, password := range p.all {
		for i := 0; i+telling <= len(password); i++ {
			if strings.Contains(text, password[i:i+telling]) {
				return password[i : i+telling]
			}
		}
	}
	return ""
}

// kinds maps the name of each kind of registry to its handler.
var kinds = map[string]func(w http.ResponseWriter, r *http.Request, message string){
	// accepts any password and denies all images with the message
	"denies": func(w http.ResponseWriter, r *http.Request, message string) {
		if _, _, ok := r.BasicAuth(); !ok {
			w.WriteHeader(http.StatusUnauthorized)
		} else if r.URL.Path != "/v2/" {
			refuse(w, http.StatusForbidden, message)
		}
	},
	// rejects the password and repeats it in that form
	"repeats": func(w http.ResponseWriter, r *http.Request, form string) {
		_, password, _ := r.BasicAuth()
		header := r.Header.Get("Authorization")
		text, ok := map[string]string{
			"password":  "your password is " + password,
			"header":    "Authorization: " + header,
			"basic":     strings.TrimPrefix(header, "Basic "),
			"beginning": "Authorization=" + header[:min(60, len(header))] + "...",
			"middle":    "it has " + password[len(password)/2:][:min(40, len(password)/2)] + " in it",
			"URL":       "https://AWS:" + url.QueryEscape(password) + "@registry",
			"other":     "Authorization: Bearer hunter2-of-another-user",
		}[form]
		if !ok {
			panic("unknown form " + form)
		}
		refuse(w, http.StatusUnauthorized, text)
	},
	// returns an invalid HTTP response that contains the password
	"garbles": func(w http.ResponseWriter, r *http.Request, _ string) {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 401 Unauthorized\r\nWww-Authenticate: Basic\r\n"+r.Header.Get("Authorization")+"\r\n\r\n")
			conn.Close()
		}
	},
	// exchanges the password for a token, as Amazon ECR Public does, and repeats the token for every image
	"exchanges and repeats": func(w http.ResponseWriter, r *http.Request, _ string) {
		switch bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); {
		case r.URL.Path == "/token/":
			_, _ = io.WriteString(w, `{"token":"hunter2-which-was-exchanged"}`)
		case !ok:
			w.Header().Set("Www-Authenticate", `Bearer realm="https://public.ecr.aws/token/"`)
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path != "/v2/":
			refuse(w, http.StatusForbidden, "not with "+bearer)
		}
	},
	// exchanges the password for a token, as Amazon ECR Public does; the message is the realm
	"exchanges": func(w http.ResponseWriter, r *http.Request, realm string) {
		_, _, basic := r.BasicAuth()
		switch {
		case r.URL.Path == "/token/" && basic && r.URL.Query().Get("service") == "public.ecr.aws":
			_, _ = io.WriteString(w, `{"token":"exchanged"}`)
		case r.Header.Get("Authorization") != "Bearer exchanged":
			w.Header().Set("Www-Authenticate", `Bearer realm="`+realm+`",service="public.ecr.aws",scope="aws"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	},
	// is a registry of another provider that would accept the password
	"others": func(w http.ResponseWriter, r *http.Request, realm string) {
		if r.Header.Get("Authorization") == "" {
			w.Header().Set("Www-Authenticate", `Bearer realm="`+realm+`",service="registry.docker.io"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	},
	// redirects every request, unlike a registry
	"redirects": func(w http.ResponseWriter, r *http.Request, to string) {
		http.Redirect(w, r, to, http.StatusTemporaryRedirect)
	},
	// accepts the connection and does not answer; returning would answer with status 200
	"hangs": func(_ http.ResponseWriter, r *http.Request, _ string) {
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	},
}

// TestHangs checks that a client which reads until the connection is closed receives no data.
func TestHangs(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { kinds["hangs"](w, r, "") }))
	defer server.Close()
	conn, err := tls.Dial("tcp", server.Listener.Addr().String(), server.Client().Transport.(*http.Transport).TLSClientConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /v2/ HTTP/1.1\r\nHost: example.com\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(conn); err != nil || len(got) > 0 {
		t.Errorf("answered %q, %v", got, err)
	}
}

// refuse writes an error in the format of the OCI distribution specification.
func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"errors":[{"code":"DENIED","message":"`+message+`"}]}`)
}

// listen serves an interceptor until the script ends, and returns its URL.
func listen(ts *testscript.TestScript, f *interceptor) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	server := &http.Server{Handler: f}
	ts.Defer(func() { _ = server.Close() })
	go func() { _ = server.Serve(l) }() // returns after Close
	return "http://" + l.Addr().String()
}
