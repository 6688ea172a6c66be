package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
	metadataclient "k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

// Time limits of requests. A watch has the limit until its response starts, and pings of the connection after that.
const (
	requestLimit = 10 * time.Second
	pingIdle     = 2 * time.Second // a ping is sent after this time without data
	pingLimit    = 2 * time.Second // the connection is closed after this time without an answer to the ping
)

// newHTTPClient returns a copy of the configuration without client-go's limits, and an HTTP client for it.
func newHTTPClient(config *rest.Config) (*rest.Config, *http.Client, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1    // no limit; client-go's default is 5 requests per second
	config.Timeout = 0 // would end watches
	if config.Proxy == nil {
		// This is the default. Setting it prevents client-go from sharing the transport, whose settings change below.
		config.Proxy = http.ProxyFromEnvironment
	}
	outer := config.WrapTransport
	config.WrapTransport = func(base http.RoundTripper) http.RoundTripper {
		setPings(base) // before outer hides the transport
		if outer == nil {
			return limiter{base}
		}
		return outer(limiter{base})
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, nil, fmt.Errorf("configuration of the Kubernetes client: %w", err)
	}
	return config, client, nil
}

// setPings makes a transport of client-go detect a dead connection within 4 s instead of 45 s. client-go itself reads
// these settings from two environment variables only.
func setPings(base http.RoundTripper) {
	for base != nil {
		switch t := base.(type) {
		case *http.Transport:
			t.HTTP2 = &http.HTTP2Config{SendPingTimeout: pingIdle, PingTimeout: pingLimit}
			return
		case utilnet.RoundTripperWrapper:
			base = t.WrappedRoundTripper()
		default:
			return
		}
	}
}

// errSlow reports that the API server did not answer within requestLimit.
var errSlow = errors.New("no response within " + requestLimit.String())

// A limiter limits the time of each request. It also removes the header Retry-After from responses, and stores it for
// the caller. Otherwise client-go would wait and retry up to ten times, and block the worker.
type limiter struct{ base http.RoundTripper }

func (l limiter) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	limit := time.AfterFunc(requestLimit, func() { cancel(errSlow) })
	done := func() {
		limit.Stop()
		cancel(nil)
	}
	resp, err := l.base.RoundTrip(r.WithContext(ctx))
	if err != nil {
		if errors.Is(context.Cause(ctx), errSlow) {
			err = errSlow
		}
		done()
		return nil, err
	}
	if r.URL.Query().Get("watch") == "true" {
		limit.Stop()
	}
	resp.Body = &body{resp.Body, done}
	if h, ok := r.Context().Value(hintKey{}).(*hint); ok {
		h.read(resp)
	}
	resp.Header.Del("Retry-After")
	return resp, nil
}

// A body calls done when it is closed.
type body struct {
	io.ReadCloser
	done func()
}

func (b *body) Close() error {
	defer b.done()
	return b.ReadCloser.Close()
}

type hintKey struct{}

// A hint is what the API server's last response says about retries.
type hint struct{ after time.Duration } // 0 for nothing

// withHint returns a context for requests that are not concurrent, and the hint of the last one.
func withHint(ctx context.Context) (context.Context, *hint) {
	h := new(hint)
	return context.WithValue(ctx, hintKey{}, h), h
}

func (h *hint) read(resp *http.Response) {
	h.after = 0
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 && resp.StatusCode >= 400 {
		h.after = min(time.Duration(seconds)*time.Second, retryLimit)
	}
}

// clients are the clients of a cluster. They share the connection.
type clients struct {
	metadata metadataclient.Interface // namespaces and Secrets
	core     rest.Interface           // service accounts
	leases   coordination.LeasesGetter
}

func newClients(config *rest.Config) (c clients, err error) {
	config, client, err := newHTTPClient(config)
	if err != nil {
		return clients{}, err
	}
	core := metadataclient.ConfigFor(config)
	core.APIPath, core.GroupVersion = "/api", &schema.GroupVersion{Version: "v1"}
	for _, create := range []func() error{
		func() error { c.metadata, err = metadataclient.NewForConfigAndClient(config, client); return err },
		func() error { c.core, err = rest.RESTClientForConfigAndClient(core, client); return err },
		func() error { c.leases, err = coordination.NewForConfigAndClient(config, client); return err },
	} {
		if err := create(); err != nil {
			return clients{}, fmt.Errorf("configuration of the Kubernetes client: %w", err)
		}
	}
	return c, nil
}
