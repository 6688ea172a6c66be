package kubernetes

import (
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"ecrlogin/refresh/kubernetes/secret"
)

// TestDeadConnection tests with real connections that a connection that breaks without a packet is noticed and replaced
// within 5 s.
func TestDeadConnection(t *testing.T) {
	t.Parallel()
	api := newFakeServer("a")
	server := httptest.NewUnstartedServer(api)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	relay := startRelay(t, server.Listener.Addr().String())
	f := newFixture(t, api, Options{Config: &rest.Config{
		Host: "https://" + relay.listener.Addr().String(),
		TLSClientConfig: rest.TLSClientConfig{
			CAData: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
		},
		WrapTransport: func(base http.RoundTripper) http.RoundTripper { return struct{ http.RoundTripper }{base} }, // for metrics
	}})
	s := f.secret(secret.Rule{})
	f.run(s)
	f.apply(s)
	relay.freeze()
	began := time.Now()
	api.create("b", nil)
	for api.written() != "a/regcred b/regcred" {
		if time.Since(began) > 20*time.Second {
			t.Fatalf("the new namespace has no Secret: %s", api.written())
		}
		time.Sleep(20 * time.Millisecond)
	}
	took := time.Since(began)
	t.Logf("noticed after %v", took.Round(10*time.Millisecond))
	if took > 5*time.Second {
		t.Errorf("noticed after %v", took)
	}
}

// A relay forwards connections until it is frozen. Then it keeps them open, and forwards new ones only.
type relay struct {
	listener net.Listener
	mu       sync.Mutex
	frozen   chan struct{}
}

func startRelay(t *testing.T, to string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: l, frozen: make(chan struct{})}
	t.Cleanup(func() {
		r.freeze()
		_ = l.Close()
	})
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			t.Cleanup(func() { _, _ = in.Close(), out.Close() })
			go r.forward(in, out, r.now())
			go r.forward(out, in, r.now())
		}
	}()
	return r
}

func (r *relay) now() chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.frozen
}

func (r *relay) freeze() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.frozen)
	r.frozen = make(chan struct{})
}

func (r *relay) forward(to io.Writer, from io.Reader, frozen chan struct{}) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		select {
		case <-frozen:
			return // without closing
		default:
		}
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}
