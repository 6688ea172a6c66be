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

// quiet keeps net/http and the registry from writing to the stderr of the program under test.
var quiet = log.New(io.Discard, "", 0)

// serveProxy serves CONNECT on l. What comes through the tunnels is served by a second server, as if the tunnels were
// connections accepted by a listener.
func (s *Server) serveProxy(l net.Listener) {
	tunnels := &tunnelListener{addr: l.Addr(), conns: make(chan net.Conn), done: make(chan struct{})}
	s.serve(&http.Server{
		Handler: http.HandlerFunc(s.serveTunnel),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, dialledKey{}, c.(*tls.Conn).NetConn().(*tunnel).host)
		},
	}, tunnels)
	s.serve(&http.Server{Handler: s.connectHandler(tunnels)}, l)
}

// connectHandler turns each CONNECT into a tunnel.
func (s *Server) connectHandler(tunnels *tunnelListener) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "this proxy serves CONNECT only", http.StatusBadRequest)
			return
		}
		host := strings.TrimSuffix(r.Host, ":443")
		s.calls.dial(host)
		// Nothing is buffered: clients wait for the answer to CONNECT before they speak TLS.
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

// serveTunnel hands a request that came by the proxy to the registry or the APIs, by the host that was dialled.
func (s *Server) serveTunnel(w http.ResponseWriter, r *http.Request) {
	host, _ := dialled(r)
	if _, err := registry.Parse(host); err == nil {
		s.serveRegistry(w, r)
		return
	}
	s.serveAPI(w, r)
}

// dialledKey is the context key of the host that a client asked the proxy for.
type dialledKey struct{}

// dialled returns the host that r was sent to: what the client asked the proxy for, else the Host header.
func dialled(r *http.Request) (host string, proxied bool) {
	if host, ok := r.Context().Value(dialledKey{}).(string); ok {
		return host, true
	}
	return r.Host, false
}

// hostOnly returns host without its port, if it has one.
func hostOnly(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// A tunnel is a connection to the proxy that remembers which host the client asked for.
type tunnel struct {
	net.Conn
	host string // with its port, unless that is 443
}

// A tunnelListener accepts what its add is given.
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

// Close is called once, as net/http promises to the listeners that it serves.
func (l *tunnelListener) Close() error {
	close(l.done)
	return nil
}

func (l *tunnelListener) Addr() net.Addr { return l.addr }
