package monitoring

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"ecrlogin/internal/oneline"
	"ecrlogin/refresh"
)

// overdue is how long after the end of the interval a target must have been applied again. Within this time, an Apply
// can try all namespaces of a large cluster.
const overdue = 5 * time.Minute

// ready returns the reasons why the program is not ready: a file that was not written yet or contains an expired
// password, or a cluster whose namespaces are not known yet. Whether this replica leads does not matter, because
// otherwise only one of two replicas would be ready. Secrets do not matter either: a namespace that denies access would
// stop the rollout of a fix.
func (s State) ready(now time.Time) (reasons []string) {
	for _, t := range s.Refresh.Targets {
		if t.Report == nil {
			reasons = appendReason(reasons, t, invalid(t, now))
		}
	}
	if s.Cluster != nil && s.Cluster.Ready != nil {
		reasons = append(reasons, oneline.Text(s.Cluster.Ready.Error()))
	}
	return reasons
}

// alive returns the reasons why only a restart of the program can help: a loop that stopped, a watch that is silent, or
// a leader that holds an expired lease.
func (s State) alive(now time.Time) (reasons []string) {
	for _, t := range s.Refresh.Targets {
		if late := now.Sub(t.Applied) - s.Interval; t.State == refresh.Current && late > overdue {
			reasons = appendReason(reasons, t, fmt.Sprintf("not applied again for %s, although the interval is %s",
				span(now.Sub(t.Applied)), span(s.Interval)))
		}
	}
	if s.Cluster != nil && s.Cluster.Healthy != nil {
		reasons = append(reasons, oneline.Text(s.Cluster.Healthy.Error()))
	}
	return reasons
}

// valid returns the targets that contain no valid password, and why.
func (s State) valid(now time.Time) (reasons []string) {
	for _, t := range s.Refresh.Targets {
		reasons = appendReason(reasons, t, invalid(t, now))
	}
	if c := s.Cluster; c != nil && !c.Leading && c.Holder == "" && c.Error != "" {
		reasons = append(reasons, oneline.Text("no replica writes the Secrets: "+c.Error))
	}
	return reasons
}

// invalid returns why a target contains no valid password; "" if it contains one. Of several places, one is enough.
func invalid(t refresh.TargetStatus, now time.Time) string {
	cause := ""
	if t.Error != "" {
		cause = ": " + causeOf(t.Name, t.Error)
	}
	switch r := t.Report; {
	case r != nil && r.Standby:
		return ""
	case t.Applied.IsZero():
		return "not written yet" + cause
	case !t.Expiry.IsZero() && !now.Before(t.Expiry):
		return "the password expired at " + t.Expiry.UTC().Format(time.RFC3339) + cause
	case r != nil && r.Current == 0 && r.Pending == 0 && len(r.Failing) > 0:
		return fmt.Sprintf("nothing could be written (%d); %s: %s", len(r.Failing), r.Failing[0].Place, r.Failing[0].Error)
	}
	return ""
}

// causeOf returns the error of a target or token without its name, which the reader sees already. The name of a Docker
// configuration file is its path and a registry.
func causeOf(name, err string) string {
	path, _, _ := strings.Cut(name, " ")
	return strings.TrimPrefix(strings.TrimPrefix(err, name+": "), path+": ")
}

func appendReason(reasons []string, t refresh.TargetStatus, reason string) []string {
	if reason == "" {
		return reasons
	}
	return append(reasons, oneline.Text(t.Kind+" "+t.Name+": "+reason))
}

// probe serves a probe of Kubernetes: "ok", or status 503 and one line for each reason.
func (m *Monitor) probe(reasons func(State, time.Time) []string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if found := reasons(m.state(), m.now()); len(found) > 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(w, strings.Join(found, "\n"))
			return
		}
		fmt.Fprintln(w, "ok")
	}
}

// health serves the page of the sidecar that ecr-token-refresh replaces, which reported {"status":"healthy"} always.
func (m *Monitor) health(w http.ResponseWriter, _ *http.Request) {
	answer := struct {
		Status string `json:"status"`
		Reason string `json:"reason,omitempty"`
	}{Status: "healthy"}
	code := http.StatusOK
	if reasons := m.state().valid(m.now()); len(reasons) > 0 {
		answer.Status, answer.Reason, code = "unhealthy", strings.Join(reasons, " | "), http.StatusServiceUnavailable
	}
	writeJSON(w, code, answer)
}

// writeJSON writes a value as JSON, with a newline at its end.
func writeJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // fails only if the client is gone
}

// span formats a duration without fractions of a second.
func span(d time.Duration) string {
	if d < 0 {
		return "-" + span(-d)
	}
	switch d = d.Round(time.Second); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
}
