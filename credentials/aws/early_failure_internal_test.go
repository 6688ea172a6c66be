package aws

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ecrlogin/internal/environ"
)

// A request is repeated with another connection if the server closes the early connection at that moment, but only once.
func TestEarlyConnectionIsClosedByARequest(t *testing.T) {
	for name, http2 := range map[string]bool{"HTTP/1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			for drops, want := range []int32{1, 2, 2} {
				api := newAPI(t, http2)
				api.Config.ErrorLog = log.New(io.Discard, "", 0)
				api.drops.Store(int32(drops))
				transport := api.transport(t)
				opened(t, transport, api.url)
				if err := post(transport, api.url); (err != nil) != (drops == 2) {
					t.Errorf("the server closed %d connections: %v", drops, err)
				}
				if n := api.requests.Load(); n != want {
					t.Errorf("the server closed %d connections: %d requests, want %d", drops, n, want)
				}
			}
		})
	}
}

// A silent listener accepts connections and counts them. It never sends anything.
type silentListener struct {
	net.Listener
	url      *url.URL
	accepted atomic.Int32
	ended    atomic.Int32 // connections that the client closed
}

func newSilentListener(t *testing.T) *silentListener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := &silentListener{Listener: l, url: &url.URL{Scheme: "https", Host: l.Addr().String()}}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.accepted.Add(1)
			go func() {
				_, _ = io.Copy(io.Discard, c)
				c.Close()
				s.ended.Add(1)
			}()
		}
	}()
	return s
}

// A request that waits for an early connection ends at its deadline, and close ends the attempt.
func TestEarlyConnectionToASilentListener(t *testing.T) {
	l := newSilentListener(t)
	transport := newTransport(environ.Env{"SSL_CERT_FILE=/nonexistent"})
	defer transport.close()
	transport.open(l.url)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.url.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := transport.client().Do(req); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	transport.close()
	eventually(t, "the connection is still open", func() bool { return l.ended.Load() == l.accepted.Load() })
	if n := l.accepted.Load(); n > 1 {
		t.Errorf("%d connections, want at most 1", n)
	}
}

// A request that waits for an early connection returns its error, and does not open another one that fails later. A
// connection that failed before the request does not matter.
func TestEarlyConnectionFails(t *testing.T) {
	l := newSilentListener(t)
	transport := newTransport(environ.Env{"SSL_CERT_FILE=/nonexistent"})
	defer transport.close()
	transport.trust.all.TLSHandshakeTimeout = 200 * time.Millisecond
	transport.open(l.url)
	err := post(transport, l.url)
	if err == nil || !strings.Contains(err.Error(), "TLS handshake timeout") || l.accepted.Load() != 1 {
		t.Errorf("%v after %d connections", err, l.accepted.Load())
	}
	if err := post(transport, l.url); err == nil || l.accepted.Load() != 2 {
		t.Errorf("%v after %d connections", err, l.accepted.Load())
	}

	api := newAPI(t, false)
	address := api.Listener.Addr().String()
	trusting := api.transport(t)
	refused := &url.URL{Scheme: "https", Host: "127.0.0.1:1"}
	if c := opened(t, trusting, refused); c.err == nil {
		t.Fatal("no error")
	}
	trusting.mu.Lock()
	trusting.early[address] = trusting.early[refused.Host] // as if the server had just been started
	trusting.mu.Unlock()
	if err := post(trusting, api.url); err != nil {
		t.Error(err)
	}
}
