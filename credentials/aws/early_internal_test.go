package aws

import (
	"bytes"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ecrlogin/internal/environ"
)

// An api is a TLS server that counts its connections and requests.
type api struct {
	*httptest.Server
	url      *url.URL
	requests atomic.Int32
	drops    atomic.Int32  // number of requests to close the connection of, without a response
	release  chan struct{} // if it is set, requests get no response until it is closed

	mu    sync.Mutex
	conns map[net.Conn]http.ConnState
}

func newAPI(t *testing.T, http2 bool) *api {
	t.Helper()
	a := &api{conns: map[net.Conn]http.ConnState{}}
	a.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.requests.Add(1)
		if a.drops.Add(-1) >= 0 {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.Copy(w, r.Body)
		if a.release != nil {
			<-a.release
		}
	}))
	a.EnableHTTP2 = http2
	a.Config.ConnState = func(c net.Conn, state http.ConnState) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.conns[c] = state
	}
	a.StartTLS()
	t.Cleanup(a.Close)
	u, err := url.Parse(a.URL)
	if err != nil {
		t.Fatal(err)
	}
	a.url = u
	return a
}

// count returns the number of connections so far, and how many of them are open.
func (a *api) count() (all, open int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, state := range a.conns {
		if state != http.StateClosed {
			open++
		}
	}
	return len(a.conns), open
}

// bundle returns an environment whose bundle file contains the certificate of a server.
func (a *api) bundle(t *testing.T) environ.Env {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return environ.Env{"SSL_CERT_FILE=" + file}
}

// transport returns a transport that trusts the server.
func (a *api) transport(t *testing.T) *transport {
	t.Helper()
	transport := newTransport(a.bundle(t))
	t.Cleanup(transport.close)
	return transport
}

// post sends a request and returns its error, or an error if the response is not its body.
func post(transport *transport, u *url.URL) error {
	body := []byte("the body")
	req, err := http.NewRequest(http.MethodPost, u.String(), io.NopCloser(bytes.NewReader(body)))
	if err != nil {
		return err
	}
	req.ContentLength = int64(len(body))
	resp, err := transport.client().Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err == nil && !bytes.Equal(got, body) {
		err = errors.New("got " + string(got))
	}
	return err
}

// eventually waits until ok. It fails the test after a minute.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

// opened returns the early connection to the server, once it is open or has failed.
func opened(t *testing.T, transport *transport, u *url.URL) *earlyConn {
	t.Helper()
	transport.open(u)
	transport.mu.Lock()
	c := transport.early[u.Host]
	transport.mu.Unlock()
	<-c.done
	return c
}

// The early connection sends nothing until the first request, serves all requests, and is closed.
func TestEarlyConnection(t *testing.T) {
	for name, http2 := range map[string]bool{"HTTP/1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			api := newAPI(t, http2)
			transport := api.transport(t)
			if c := opened(t, transport, api.url); c.err != nil {
				t.Fatal(c.err)
			}
			if n := api.requests.Load(); n != 0 {
				t.Errorf("%d requests before the first one", n)
			}
			for range 3 {
				if err := post(transport, api.url); err != nil {
					t.Fatal(err)
				}
			}
			if all, open := api.count(); all != 1 || open != 1 || api.requests.Load() != 3 {
				t.Errorf("%d connections, %d open, %d requests", all, open, api.requests.Load())
			}
			transport.close()
			eventually(t, "the connection is still open", func() bool { _, open := api.count(); return open == 0 })
		})
	}
}

// A request at the same time as another one uses another connection, and does not disturb the first.
func TestEarlyConnectionIsBusy(t *testing.T) {
	api := newAPI(t, false)
	transport := api.transport(t)
	opened(t, transport, api.url)
	body, rest := io.Pipe()
	first := make(chan error, 1)
	go func() {
		conn, err := transport.take(t.Context(), api.url)
		if err != nil {
			first <- err
			return
		}
		resp, err := conn.RoundTrip(&http.Request{Method: http.MethodPost, URL: api.url, Header: http.Header{}, Body: body})
		if err == nil {
			err = resp.Body.Close()
		}
		first <- err
	}()
	eventually(t, "the first request does not arrive", func() bool { return api.requests.Load() == 1 })
	if err := post(transport, api.url); err != nil {
		t.Error(err)
	}
	rest.Close()
	if err := <-first; err != nil {
		t.Errorf("the first request: %v", err)
	}
	if all, _ := api.count(); all != 2 {
		t.Errorf("%d connections, want 2", all)
	}
}

// A try that ends without a request leaves no connection, wherever it ends.
func TestEarlyConnectionIsClosed(t *testing.T) {
	api := newAPI(t, false)
	for range 20 {
		transport := api.transport(t)
		transport.open(api.url)
		transport.close()
		transport.open(api.url) // has no effect
	}
	transport := api.transport(t)
	opened(t, transport, api.url)
	transport.close()
	eventually(t, "a connection is still open", func() bool { _, open := api.count(); return open == 0 })
	if n := api.requests.Load(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// After close, no request is sent, and one that is being sent with the early connection is not repeated.
func TestClosedTransport(t *testing.T) {
	api := newAPI(t, false)
	transport := api.transport(t)
	opened(t, transport, api.url)
	api.release = make(chan struct{})
	defer close(api.release)
	first := make(chan error, 1)
	go func() { first <- post(transport, api.url) }()
	eventually(t, "the request does not arrive", func() bool { return api.requests.Load() == 1 })
	transport.close()
	if err := <-first; !errors.Is(err, net.ErrClosed) {
		t.Errorf("a request during close: %v", err)
	}
	if err := post(transport, api.url); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a request after close: %v", err)
	}
	if n := api.requests.Load(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

// A connection that the server has closed, or that was unused for long, is replaced.
func TestEarlyConnectionIsReplaced(t *testing.T) {
	for name, spoil := range map[string]func(*api, *transport, *earlyConn){
		"closed": func(a *api, _ *transport, c *earlyConn) {
			a.CloseClientConnections()
			for c.conn.Err() == nil {
				time.Sleep(time.Millisecond)
			}
		},
		"unused": func(_ *api, tr *transport, c *earlyConn) {
			tr.mu.Lock()
			c.used = c.used.Add(-earlyIdle - time.Second)
			tr.mu.Unlock()
		},
	} {
		t.Run(name, func(t *testing.T) {
			api := newAPI(t, false)
			transport := api.transport(t)
			spoil(api, transport, opened(t, transport, api.url))
			for range 2 {
				if err := post(transport, api.url); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, "want a second connection, and the first one closed", func() bool {
				all, open := api.count()
				return all == 2 && open == 1
			})
		})
	}
}
