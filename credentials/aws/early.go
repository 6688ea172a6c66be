package aws

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"net/url"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
)

// earlyIdle is how long an early connection may be unused. Servers and proxies close idle connections, and a request
// that is sent at that moment fails. No default of a common server is below 5 seconds.
const earlyIdle = 4 * time.Second

// An earlyConn is a connection that is opened before the request that will use it.
type earlyConn struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when the fields below are set

	conn *http.ClientConn // not valid if err is set
	err  error            // why it could not be opened
	used time.Time        // when it was opened or last taken; protected by transport.mu after that
}

// open starts to open a connection to the host of u, through the proxy of the environment if there is one: TCP, CONNECT
// and TLS, but no request. The first requests to that host use it. Only https is supported.
func (t *transport) open(u *url.URL) {
	proxy, err := t.trust.all.Proxy(&http.Request{URL: u})
	if err != nil || u.Scheme != "https" {
		return // the request will report the error
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || t.early[u.Host] != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &earlyConn{cancel: cancel, done: make(chan struct{})}
	t.early[u.Host] = c
	go func() {
		c.err = t.trust.do(func(transport *http.Transport) (err error) {
			c.conn, err = connect(ctx, transport, u, proxy)
			return err
		})
		c.used = time.Now()
		close(c.done)
		if ctx.Err() != nil {
			c.close() // c was closed before it was done
		}
	}()
}

// connect opens a connection with the settings of a transport.
func connect(ctx context.Context, transport *http.Transport, u, proxy *url.URL) (*http.ClientConn, error) {
	own := transport.Clone()
	own.Proxy = http.ProxyURL(proxy) // NewClientConn would look for the proxy of the host without its port
	own.MaxConnsPerHost = 0          // otherwise Go 1.26 panics when a ClientConn, which it did not count, is closed
	return own.NewClientConn(ctx, u.Scheme, net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "443")))
}

// take returns the early connection to the host of u for one request. It returns nil if there is none that is usable.
//
// If the connection is being opened, take waits for it and returns its error: a connection that is opened now would
// fail in the same way, but later. An error from before the request may be outdated and is ignored.
func (t *transport) take(ctx context.Context, u *url.URL) (*http.ClientConn, error) {
	t.mu.Lock()
	c := t.early[u.Host]
	t.mu.Unlock()
	if c == nil || u.Scheme != "https" {
		return nil, nil
	}
	var failed error
	select {
	case <-c.done:
	default:
		select {
		case <-c.done:
			failed = c.err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case c.reserve():
		return c.conn, nil
	case c.busy():
		return nil, nil
	}
	c.close()
	delete(t.early, u.Host)
	return nil, failed
}

// reserve reports whether a request can be sent now, and reserves the connection for it.
func (c *earlyConn) reserve() bool {
	if c.err != nil || time.Since(c.used) > earlyIdle || c.conn.Reserve() != nil {
		return false
	}
	c.used = time.Now()
	return true
}

// busy reports whether the connection is in use by another request.
func (c *earlyConn) busy() bool { return c.err == nil && c.conn.InFlight() > 0 }

// close closes the connection, or ends the attempt to open it.
func (c *earlyConn) close() {
	c.cancel()
	select {
	case <-c.done:
		if c.err == nil {
			_ = c.conn.Close()
		}
	default: // open will close it
	}
}

// connectEarly opens connections while the identity is being found: for next, which needs the identity, and for each
// step of finding it that is not the first one. It opens none for an identity that needs no request.
func (t *try) connectEarly(ctx context.Context, cfg awssdk.Config, next apiCall) {
	source := t.identity.source
	if t.web != nil {
		source = webIdentity
	}
	ready := source == environment || source == keys
	role := t.identity.role != "" || t.wanted.RoleARN != ""
	if t.transport == nil || ready && !role {
		return
	}
	t.open(ctx, cfg, next)
	custom := cfg.BaseEndpoint
	cfg.BaseEndpoint = nil // the SDK does not use it for SSO and for the role of a profile
	if source == sso {
		portal := cfg
		portal.Region = t.identity.portal
		t.open(ctx, portal, callSSO) // follows the renewal of an SSO session
	}
	if role && !ready && source != webIdentity {
		if t.wanted.RoleARN != "" {
			cfg.BaseEndpoint = custom
		}
		t.open(ctx, cfg, callSTS)
	}
}

// open opens a connection to the API of call.
func (t *try) open(ctx context.Context, cfg awssdk.Config, call apiCall) {
	if u, err := t.urlOf(ctx, cfg, call); err == nil {
		t.transport.open(u)
	}
}
