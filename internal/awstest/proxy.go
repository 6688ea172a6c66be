package awstest

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"strings"

	"ecrlogin/registry"
)

// quiet discards the log messages of net/http and the registry, which would go to the stderr of the test.
var quiet = log.New(io.Discard, "", 0)

// serveProxy serves CONNECT on l. A second server serves the requests in the tunnels, which are the connections of its
// listener.
func (s *Server) serveProxy(l net.Listener) {
	tunnels := &tunnelListener{addr: l.Addr(), conns: make(chan net.Conn), done: make(chan struct{})}
	s.serve(&http.Server{
		Handler: http.HandlerFunc(s.serveTunnel),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, dialedKey{}, c.(*tls.Conn).NetConn().(*tunnel).host)
		},
	}, tunnels)
	s.serve(&http.Server{
		Handler: s.connectHandler(tunnels),
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			s.mu.Lock()
			defer s.mu.Unlock()
			return context.WithValue(ctx, resetsKey{}, s.resets)
		},
	}, l)
}

// connectHandler returns a handler that creates a tunnel for each CONNECT request.
func (s *Server) connectHandler(tunnels *tunnelListener) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "only CONNECT is supported", http.StatusBadRequest)
			return
		}
		host := strings.TrimSuffix(r.Host, ":443")
		s.mu.Lock()
		if r.Context().Value(resetsKey{}) == s.resets {
			s.dialed = append(s.dialed, host)
		}
		s.mu.Unlock()
		// Nothing is buffered, because clients wait for the response to CONNECT before they send TLS records.
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
			conn.Close()
			return
		}
		tunnels.add(tls.Server(&tunnel{Conn: conn, host: host}, s.ca.serverConfig(hostOnly(host))))
	}
}

// serveTunnel serves a request via the proxy, with the registry or the APIs, depending on the dialed host.
func (s *Server) serveTunnel(w http.ResponseWriter, r *http.Request) {
	host, _ := dialed(r)
	if _, err := registry.Parse(host); err == nil {
		s.serveRegistry(w, r)
		return
	}
	s.serveAPI(w, r)
}

// resetsKey is the context key of the number of resets when the connection to the proxy was accepted.
type resetsKey struct{}

// dialedKey is the context key of the host in the CONNECT request.
type dialedKey struct{}

// dialed returns the host that r was sent to: the host of the CONNECT request, or else the Host header.
func dialed(r *http.Request) (host string, proxied bool) {
	if host, ok := r.Context().Value(dialedKey{}).(string); ok {
		return host, true
	}
	return r.Host, false
}

// hostOnly returns host without the port.
func hostOnly(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// A tunnel is a connection to the proxy, after CONNECT.
type tunnel struct {
	net.Conn
	host string // of the CONNECT request; without port 443
}

// A tunnelListener is a net.Listener that accepts the connections passed to add.
type tunnelListener struct {
	addr  net.Addr
	conns chan net.Conn
	done  chan struct{} // closed by Close
}

func (l *tunnelListener) add(c net.Conn) {
	select {
	case l.conns <- c:
	case <-l.done:
		c.Close()
	}
}

func (l *tunnelListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close is called only once by net/http.
func (l *tunnelListener) Close() error {
	close(l.done)
	return nil
}

func (l *tunnelListener) Addr() net.Addr { return l.addr }
