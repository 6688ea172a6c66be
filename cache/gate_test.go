package cache_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"
)

// A gate is a proxy between the helper and AWS. It holds requests while it is shut, so that a test can act during a
// request.
type gate struct {
	t       *testing.T
	proxy   http.Handler
	arrived chan struct{}

	mu     sync.Mutex
	opened chan struct{} // closed when the gate is opened
}

// gate adds a gate, which is shut, in front of the machine's AWS.
func (m *machine) gate() *gate {
	m.t.Helper()
	cloud, err := url.Parse(m.cloud.URL)
	if err != nil {
		m.t.Fatal(err)
	}
	g := &gate{t: m.t, arrived: make(chan struct{}, 100)}
	g.proxy = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(cloud)
		r.Out.Host = r.In.Host // the host is signed
	}}
	g.shut()
	server := httptest.NewServer(g)
	m.t.Cleanup(server.Close)
	m.t.Cleanup(g.open) // before the server closes, which waits for requests
	m.env["AWS_ENDPOINT_URL"] = server.URL
	return g
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The server only notices that the client has disconnected after the body was read.
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	g.mu.Lock()
	opened := g.opened
	g.mu.Unlock()
	g.arrived <- struct{}{}
	select {
	case <-opened:
		g.proxy.ServeHTTP(w, r)
	case <-r.Context().Done():
	}
}

// shut makes the gate hold new requests, and resets wait.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opened = make(chan struct{})
	for len(g.arrived) > 0 {
		<-g.arrived
	}
}

// open lets all requests through, including new ones.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.opened:
	default:
		close(g.opened)
	}
}

// pass lets the held requests through, and holds new ones.
func (g *gate) pass() { g.passLater()() }

// passLater returns a function that lets the requests through that are held now.
func (g *gate) passLater() (pass func()) {
	g.mu.Lock()
	held := g.opened
	g.mu.Unlock()
	g.shut()
	return func() { close(held) }
}

// patience is much longer than a condition takes that a test waits for.
const patience = time.Minute

// wait waits for one more request.
func (g *gate) wait() {
	g.t.Helper()
	select {
	case <-g.arrived:
	case <-time.After(patience):
		g.t.Fatal("no request arrived")
	}
}
