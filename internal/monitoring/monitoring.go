// Package monitoring serves the HTTP pages of ecr-token-refresh: probes, status, metrics. The pages contain no secrets,
// but they do contain the names of registries, AWS identities, files and namespaces.
package monitoring

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ecrlogin/refresh"
)

// A State is what the pages show, at one moment.
type State struct {
	Refresh  refresh.Status
	Interval time.Duration // how often targets are applied again
	Cluster  *Cluster      // nil if no Secrets are configured
	Config   Config
}

// A Cluster is the state of the connection to a Kubernetes cluster.
type Cluster struct {
	Synced, Leading bool
	Holder          string        // of the lease; "" if unknown, or without a lease
	WatchAge        time.Duration // since the last sign of life of the watch for namespaces
	Ready, Healthy  error         // nil if the cluster is ready or healthy
	Error           string        // why the last request for namespaces or the lease failed; "" if it did not
}

// A Config is the state of the configuration.
type Config struct {
	Path   string    // "" for environment variables
	Loaded time.Time // when the configuration that is in effect was loaded
	Error  string    // why the present content of the file was rejected; "" if it is in effect
}

// A Monitor serves the pages and counts requests. It is safe for concurrent use.
type Monitor struct {
	version  string
	state    func() State
	now      func() time.Time
	registry *prometheus.Registry
	mux      *http.ServeMux

	apiRequests   *prometheus.CounterVec
	tokenRequests *prometheus.CounterVec
}

// New returns a Monitor that shows the State that state returns. A nil now is time.Now.
func New(version string, state func() State, now func() time.Time) *Monitor {
	if now == nil {
		now = time.Now
	}
	m := &Monitor{version: version, state: state, now: now, mux: http.NewServeMux()}
	m.register()
	m.mux.HandleFunc("/readyz", m.probe(State.ready))
	m.mux.HandleFunc("/healthz", m.probe(State.alive))
	m.mux.HandleFunc("/health", m.health)
	m.mux.HandleFunc("/status", m.status)
	m.mux.Handle("/metrics", m.metrics())
	m.mux.Handle("/{$}", http.RedirectHandler("/status", http.StatusFound))
	return m
}

// ServeHTTP serves the pages, for GET and HEAD only.
func (m *Monitor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed; use GET", http.StatusMethodNotAllowed)
		return
	}
	m.mux.ServeHTTP(w, r)
}
