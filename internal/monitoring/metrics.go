package monitoring

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"ecrlogin/credentials"
	"ecrlogin/refresh"
)

const namespace = "ecr_token_refresh"

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
}

// The metrics that are read from the State. None has a label for a namespace, because clusters have thousands.
var (
	tokenExpiry = desc("token_expiry_timestamp_seconds",
		"When the current token of a registry expires, in Unix seconds.", "registry", "identity")
	tokenFailures = desc("token_failed_attempts",
		"Failed attempts to renew the token of a registry since the last success.", "registry", "identity")
	targetPlaces = desc("targets",
		"Places of a target by state: 1 for a file, the number of namespaces for a Secret.", "kind", "name", "state")
	targetExpiry = desc("target_expiry_timestamp_seconds",
		"When the first of the tokens that a target contains expires, in Unix seconds.", "kind", "name")
	targetSuccess = desc("target_last_success_timestamp_seconds",
		"When a target was last applied successfully, in Unix seconds.", "kind", "name")
	applyDuration = desc("target_last_apply_duration_seconds",
		"Duration of the last time that a target was applied.", "kind", "name")
	synced = desc("namespaces_synced",
		"Whether the namespaces of the cluster are known (1) or not (0).")
	leader = desc("leader",
		"Whether this replica writes the Secrets (1) or another one does (0).")
	watchAge = desc("watch_age_seconds",
		"Time since the last event, bookmark or list of namespaces.")
	reloadSuccessful = desc("config_last_reload_successful",
		"Whether the present content of the configuration file is in effect (1) or was rejected (0).")
	reloadTime = desc("config_last_reload_success_timestamp_seconds",
		"When the configuration that is in effect was loaded, in Unix seconds.")
)

// states are the values of the label "state".
var states = []refresh.State{refresh.Current, refresh.Pending, refresh.Failing, refresh.Expired}

// register creates the registry and the metrics that are counted here.
func (m *Monitor) register() {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	}
	m.apiRequests = counter("api_requests_total",
		"Requests to the Kubernetes API by verb and status code. The code of a request without a response is \"error\".",
		"verb", "code")
	m.tokenRequests = counter("token_requests_total",
		"Requests for a token to AWS by identity, region and result (success or failure).", "identity", "region", "result")
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "The version of the program; the value is 1.",
		ConstLabels: prometheus.Labels{"version": m.version, "goversion": runtime.Version()},
	})
	build.Set(1)
	m.registry = prometheus.NewRegistry()
	m.registry.MustRegister(m, build, m.apiRequests, m.tokenRequests,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}

func (m *Monitor) metrics() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Describe implements prometheus.Collector.
func (m *Monitor) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, ch) }

// Collect implements prometheus.Collector.
func (m *Monitor) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	s := m.state()
	collectTokens(s.Refresh.Logins, gauge)
	for _, t := range s.Refresh.Targets {
		collectTarget(t, gauge)
	}
	if c := s.Cluster; c != nil {
		gauge(synced, number(c.Synced))
		gauge(leader, number(c.Leading))
		gauge(watchAge, c.WatchAge.Seconds())
	}
	gauge(reloadSuccessful, number(s.Config.Error == ""))
	gauge(reloadTime, unix(s.Config.Loaded))
}

// A tokenKey identifies the token of logins that differ only in the notation of the registry.
type tokenKey struct{ registry, identity string }

// collectTokens reports one token for each registry and identity. If several have the same labels, it reports the first
// to expire.
func collectTokens(logins []refresh.LoginStatus, gauge func(*prometheus.Desc, float64, ...string)) {
	var keys []tokenKey
	tokens := map[tokenKey]refresh.LoginStatus{}
	for _, l := range logins {
		k := tokenKey{l.Login.Registry.Host, Label(l.Login.Identity)}
		known, ok := tokens[k]
		if !ok {
			keys = append(keys, k)
		}
		if !ok || l.Expiry.Before(known.Expiry) {
			tokens[k] = l
		}
	}
	for _, k := range keys {
		gauge(tokenFailures, float64(tokens[k].Attempts), k.registry, k.identity)
		if expiry := tokens[k].Expiry; !expiry.IsZero() {
			gauge(tokenExpiry, unix(expiry), k.registry, k.identity)
		}
	}
}

func collectTarget(t refresh.TargetStatus, gauge func(*prometheus.Desc, float64, ...string)) {
	places := map[refresh.State]int{t.State: 1}
	if r := t.Report; r != nil {
		places = map[refresh.State]int{
			refresh.Current: r.Current, refresh.Pending: r.Pending, refresh.Failing: len(r.Failing),
		}
		switch {
		case t.State == refresh.Expired:
			places[refresh.Expired], places[refresh.Current] = r.Current, 0
		case t.State == refresh.Failing && len(r.Failing) == 0 && !r.Standby: // all places, known or not
			places[refresh.Failing], places[refresh.Current] = max(r.Current, 1), 0
		}
	}
	for _, s := range states {
		gauge(targetPlaces, float64(places[s]), t.Kind, t.Name, string(s))
	}
	if !t.Applied.IsZero() {
		gauge(targetSuccess, unix(t.Applied), t.Kind, t.Name)
		gauge(applyDuration, t.Took.Seconds(), t.Kind, t.Name)
	}
	if !t.Expiry.IsZero() {
		gauge(targetExpiry, unix(t.Expiry), t.Kind, t.Name)
	}
}

// Label returns the name of an identity in metrics and on the status page: "default", or the profile, the role, or
// both.
func Label(id credentials.Identity) string {
	switch {
	case id.Profile != "" && id.RoleARN != "":
		return id.Profile + " " + id.RoleARN
	case id.Profile+id.RoleARN != "":
		return id.Profile + id.RoleARN
	}
	return "default"
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
