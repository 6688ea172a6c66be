package monitoring

import (
	"io"
	"net/http"
	"strings"
	"time"

	"ecrlogin/refresh"
)

// A page is the content of /status. Times are in UTC.
type page struct {
	Version  string       `json:"version"`
	Time     time.Time    `json:"time"`
	Healthy  bool         `json:"healthy"` // as /health
	Ready    bool         `json:"ready"`   // as /readyz
	Alive    bool         `json:"alive"`   // as /healthz
	Reasons  []string     `json:"reasons,omitempty"`
	Config   configPage   `json:"config"`
	Targets  []targetPage `json:"targets"`
	Tokens   []tokenPage  `json:"tokens"`
	Cluster  *clusterPage `json:"cluster,omitempty"`
	Interval float64      `json:"intervalSeconds"`
}

type configPage struct {
	Path   string    `json:"path,omitempty"`
	Loaded time.Time `json:"loaded,omitzero"`
	Error  string    `json:"error,omitempty"`
}

type targetPage struct {
	Kind       string      `json:"kind"`
	Name       string      `json:"name"`
	State      string      `json:"state"`
	Registries []string    `json:"registries"`
	Applied    time.Time   `json:"applied,omitzero"`
	Expiry     time.Time   `json:"expiry,omitzero"`
	ExpiresIn  float64     `json:"expiresInSeconds,omitempty"` // negative once it has expired
	Took       float64     `json:"tookSeconds,omitempty"`
	Error      string      `json:"error,omitempty"`
	Places     *placesPage `json:"places,omitempty"`
}

type placesPage struct {
	Current int           `json:"current"`
	Pending int           `json:"pending"`
	Failing []failurePage `json:"failing"`
	Standby bool          `json:"standby"`
}

type failurePage struct {
	Place string `json:"place"`
	Error string `json:"error"`
}

type tokenPage struct {
	Registry  string    `json:"registry"`
	Identity  string    `json:"identity"`
	IssuedTo  string    `json:"issuedTo,omitempty"`
	Issued    time.Time `json:"issued,omitzero"`
	Expiry    time.Time `json:"expiry,omitzero"`
	ExpiresIn float64   `json:"expiresInSeconds,omitempty"`
	Rotation  time.Time `json:"rotation,omitzero"`
	Error     string    `json:"error,omitempty"`
	Attempts  int       `json:"failedAttempts,omitempty"`
}

type clusterPage struct {
	Synced   bool    `json:"synced"`
	Leading  bool    `json:"leading"`
	Holder   string  `json:"holder,omitempty"`
	WatchAge float64 `json:"watchAgeSeconds"`
	Error    string  `json:"error,omitempty"`
}

// status serves the status as JSON or, if the client asks for it as browsers do, as HTML.
func (m *Monitor) status(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept")
	p := m.page()
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		writeJSON(w, http.StatusOK, p)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", contentPolicy)
	_, _ = io.WriteString(w, p.html()) // fails only if the client is gone
}

func (m *Monitor) page() page {
	s, now := m.state(), m.now()
	invalid, unready, stopped := s.valid(now), s.ready(now), s.alive(now)
	p := page{
		Version: m.version, Time: now.UTC().Truncate(time.Second),
		Healthy: len(invalid) == 0, Ready: len(unready) == 0, Alive: len(stopped) == 0,
		Reasons: union(invalid, unready, stopped),
		Config:  configPage{s.Config.Path, utc(s.Config.Loaded), s.Config.Error},
		Targets: []targetPage{}, Tokens: []tokenPage{}, Interval: s.Interval.Seconds(),
	}
	for _, t := range s.Refresh.Targets {
		p.Targets = append(p.Targets, pageOfTarget(t, now))
	}
	for _, l := range s.Refresh.Logins {
		p.Tokens = append(p.Tokens, tokenPage{
			Registry: l.Login.Key(), Identity: Label(l.Login.Identity), IssuedTo: l.IssuedTo,
			Issued: utc(l.Issued), Expiry: utc(l.Expiry), ExpiresIn: until(l.Expiry, now), Rotation: utc(l.Rotation),
			Error: l.Error, Attempts: l.Attempts,
		})
	}
	if c := s.Cluster; c != nil {
		p.Cluster = &clusterPage{
			Synced: c.Synced, Leading: c.Leading, Holder: c.Holder, Error: c.Error,
			WatchAge: c.WatchAge.Truncate(time.Second).Seconds(),
		}
	}
	return p
}

func pageOfTarget(t refresh.TargetStatus, now time.Time) targetPage {
	p := targetPage{
		Kind: t.Kind, Name: t.Name, State: string(t.State), Registries: []string{}, Applied: utc(t.Applied),
		Expiry: utc(t.Expiry), ExpiresIn: until(t.Expiry, now), Took: t.Took.Seconds(), Error: t.Error,
	}
	for _, l := range t.Logins {
		p.Registries = append(p.Registries, l.Key())
	}
	if r := t.Report; r != nil {
		p.Places = &placesPage{Current: r.Current, Pending: r.Pending, Failing: []failurePage{}, Standby: r.Standby}
		for _, f := range r.Failing {
			p.Places.Failing = append(p.Places.Failing, failurePage{f.Place, f.Error})
		}
	}
	return p
}

// union returns the lines of several lists, without duplicates.
func union(lists ...[]string) (lines []string) {
	seen := map[string]bool{}
	for _, list := range lists {
		for _, line := range list {
			if !seen[line] {
				seen[line] = true
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// utc returns a time in whole seconds in UTC, and the zero time for itself.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}

// until returns the seconds until a time; 0 if the time is not set.
func until(t, now time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return t.Sub(now).Truncate(time.Second).Seconds()
}
