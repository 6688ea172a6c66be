package aws

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"

	"ecrlogin/internal/environ"
)

// A transport is the http.RoundTripper of one try. All SDK clients of the try share it and its connections, and it
// opens connections early. The SDK would give each of its clients a copy of a BuildableClient, with other connections.
type transport struct {
	trust *trust

	mu     sync.Mutex // protects the fields below
	early  map[string]*earlyConn
	closed bool
}

func newTransport(env environ.Env) *transport {
	return &transport{trust: newTrust(env), early: map[string]*earlyConn{}}
}

// secretHeaders are the headers of requests that are not sent to another server than the first one. net/http removes
// only Authorization, and not if the port or the scheme changes.
var secretHeaders = []string{"Authorization", "X-Amz-Security-Token", "X-Amz-Sso_bearer_token"}

// client returns an HTTP client that follows the same redirects as a BuildableClient: those that keep the method.
func (t *transport) client() awssdk.HTTPClient {
	return &http.Client{Transport: t, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		switch req.Response.StatusCode {
		case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
			if first := via[0].URL; req.URL.Host != first.Host || req.URL.Scheme != first.Scheme {
				for _, name := range secretHeaders {
					req.Header.Del(name)
				}
			}
			return nil
		}
		return http.ErrUseLastResponse
	}}
}

// RoundTrip implements http.RoundTripper. It uses the early connection to the host of the request if there is one.
//
// A server or proxy may close that connection while the request is being sent. RoundTrip therefore repeats a request
// that fails there with another connection, once, unless a time limit has passed. The requests of a try are safe to
// repeat.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	again, err := repeatable(req)
	if err != nil {
		return nil, err
	}
	conn, err := t.take(req.Context(), req.URL)
	switch {
	case err != nil:
		return nil, err
	case conn != nil:
		resp, err := conn.RoundTrip(again())
		if err == nil || req.Context().Err() != nil || isTimeout(err) {
			return resp, err
		}
	}
	if t.isClosed() {
		return nil, net.ErrClosed
	}
	var resp *http.Response
	err = t.trust.do(func(transport *http.Transport) (err error) {
		resp, err = transport.RoundTrip(again())
		return err
	})
	return resp, err
}

func (t *transport) isClosed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closed
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// repeatable reads the body of a request and closes it. The result returns a copy of the request with that body, each
// time that it is called.
func repeatable(req *http.Request) (func() *http.Request, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return func() *http.Request { return req }, nil
	}
	defer req.Body.Close()
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	return func() *http.Request {
		again := req.Clone(req.Context())
		again.Body = io.NopCloser(bytes.NewReader(body))
		return again
	}, nil
}

// CloseIdleConnections closes the connections that are not in use. http.Client calls it.
func (t *transport) CloseIdleConnections() { t.trust.closeIdle() }

// close closes all connections. Later requests fail: after a deadline, the SDK continues to assume a role in the
// background.
func (t *transport) close() {
	t.mu.Lock()
	t.closed = true
	for _, c := range t.early {
		c.close()
	}
	t.mu.Unlock()
	t.trust.closeIdle()
}
