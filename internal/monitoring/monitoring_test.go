package monitoring_test

import (
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"ecrlogin/credentials"
	"ecrlogin/internal/monitoring"
	"ecrlogin/refresh"
	"ecrlogin/registry"
)

var update = flag.Bool("update", false, "update the expected output in testdata")

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func login(t testing.TB, host string) refresh.Login {
	t.Helper()
	r, err := registry.Parse(host)
	if err != nil {
		t.Fatal(err)
	}
	return refresh.Login{Registry: r}
}

// healthy returns a state with a file and a Secret in three namespaces, without failures.
func healthy(t testing.TB) monitoring.State {
	west := login(t, "123456789012.dkr.ecr.us-west-2.amazonaws.com")
	dev := login(t, "123456789012.dkr.ecr.eu-west-1.amazonaws.com")
	dev.Identity = credentials.Identity{Profile: "dev"}
	expiry := now.Add(7 * time.Hour)
	token := refresh.LoginStatus{Login: west, IssuedTo: "the access key in AWS_ACCESS_KEY_ID",
		Issued: now.Add(-5 * time.Hour), Expiry: expiry, Rotation: now.Add(time.Hour)}
	other := token
	other.Login, other.IssuedTo = dev, `profile "dev"`
	return monitoring.State{
		Interval: 30 * time.Minute,
		Refresh: refresh.Status{
			Logins: []refresh.LoginStatus{token, other},
			Targets: []refresh.TargetStatus{
				{Kind: "file", Name: "/opt/passwords/my-registry.pass", State: refresh.Current, Logins: []refresh.Login{west},
					Applied: now.Add(-time.Minute), Expiry: expiry, Took: 12 * time.Millisecond},
				{Kind: "secret", Name: "regcred", State: refresh.Current, Logins: []refresh.Login{west, dev},
					Applied: now.Add(-2 * time.Minute), Expiry: expiry, Took: 1500 * time.Millisecond,
					Report: &refresh.Report{Current: 3}},
			},
		},
		Cluster: &monitoring.Cluster{Synced: true, Leading: true, Holder: "pod-1_x", WatchAge: 42 * time.Second},
		Config:  monitoring.Config{Path: "/etc/config.yaml", Loaded: now.Add(-24 * time.Hour)},
	}
}

// get returns the response of a page for a state, and the Monitor.
func get(t testing.TB, s monitoring.State, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	m := monitoring.New("v1.2.3", func() monitoring.State { return s }, func() time.Time { return now })
	return request(t, m, http.MethodGet, path, header...)
}

func request(t testing.TB, m http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	return w
}

// TestProbes changes the healthy state and checks which probe reports it, with which line.
func TestProbes(t *testing.T) {
	const file, secret = 0, 1
	denied := []refresh.Failure{{Place: "namespace a", Error: "denied"}}
	tests := []struct {
		name                   string
		change                 func(s *monitoring.State)
		readyz, healthz, valid string // lines; "" for success
	}{
		{name: "healthy", change: func(*monitoring.State) {}},
		{
			name: "file never written",
			change: func(s *monitoring.State) {
				s.Refresh.Targets[file] = refresh.TargetStatus{
					Kind: "file", Name: "/a", State: refresh.Failing, Error: "/a: no space left"}
			},
			readyz: "file /a: not written yet: no space left", valid: "file /a: not written yet: no space left",
		},
		{
			name:   "file expired",
			change: func(s *monitoring.State) { s.Refresh.Targets[file].Expiry = now },
			readyz: "file /opt/passwords/my-registry.pass: the password expired at 2026-11-21T12:00:00Z",
			valid:  "file /opt/passwords/my-registry.pass: the password expired at 2026-11-21T12:00:00Z",
		},
		{
			name: "one namespace fails",
			change: func(s *monitoring.State) {
				s.Refresh.Targets[secret].Report = &refresh.Report{Current: 2, Failing: denied}
			},
		},
		{
			name: "all namespaces fail",
			change: func(s *monitoring.State) {
				s.Refresh.Targets[secret].Report = &refresh.Report{Failing: denied}
			},
			valid: "secret regcred: nothing could be written (1); namespace a: denied",
		},
		{
			name: "standby",
			change: func(s *monitoring.State) {
				s.Refresh.Targets[secret] = refresh.TargetStatus{
					Kind: "secret", Name: "regcred", State: refresh.Pending, Report: &refresh.Report{Standby: true}}
			},
		},
		{
			name: "no leader",
			change: func(s *monitoring.State) {
				s.Refresh.Targets[secret].Report = &refresh.Report{Standby: true}
				s.Cluster.Leading, s.Cluster.Holder, s.Cluster.Error = false, "", "get leases: forbidden"
			},
			valid: "no replica writes the Secrets: get leases: forbidden",
		},
		{
			name:   "not synced",
			change: func(s *monitoring.State) { s.Cluster.Ready = errors.New("namespaces: not listed yet") },
			readyz: "namespaces: not listed yet",
		},
		{
			name:    "watch is silent",
			change:  func(s *monitoring.State) { s.Cluster.Healthy = errors.New("watch: silent for 3m1s") },
			healthz: "watch: silent for 3m1s",
		},
		{
			name:    "loop stopped",
			change:  func(s *monitoring.State) { s.Refresh.Targets[file].Applied = now.Add(-36 * time.Minute) },
			healthz: "file /opt/passwords/my-registry.pass: not applied again for 36m00s, although the interval is 30m00s",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := healthy(t)
			tt.change(&s)
			for path, want := range map[string]string{"/readyz": tt.readyz, "/healthz": tt.healthz} {
				w := get(t, s, path)
				code := http.StatusServiceUnavailable
				if want == "" {
					want, code = "ok", http.StatusOK
				}
				if w.Code != code || w.Body.String() != want+"\n" {
					t.Errorf("%s: status %d: %swant %d: %s", path, w.Code, w.Body, code, want)
				}
			}
			wantHealth(t, get(t, s, "/health"), tt.valid)
		})
	}
}

func wantHealth(t *testing.T, w *httptest.ResponseRecorder, reason string) {
	t.Helper()
	want, code := `{"status":"healthy"}`, http.StatusOK
	if reason != "" {
		want, code = `{"status":"unhealthy","reason":"`+reason+`"}`, http.StatusServiceUnavailable
	}
	kind := w.Header().Get("Content-Type")
	if w.Code != code || w.Body.String() != want+"\n" || !strings.HasPrefix(kind, "application/json") {
		t.Errorf("/health: status %d %s: %swant %d: %s", w.Code, kind, w.Body, code, want)
	}
}

// troubled returns a state with a failure of each kind. Names and errors contain HTML.
func troubled(t testing.TB) monitoring.State {
	s := healthy(t)
	s.Config.Error = `config.yaml:3: unknown key "<b>"`
	s.Refresh.Logins[1].Error, s.Refresh.Logins[1].Attempts = "access denied; allow ecr:GetAuthorizationToken", 7
	s.Refresh.Targets[0].State, s.Refresh.Targets[0].Error = refresh.Failing, "read-only file system"
	s.Refresh.Targets[1].State = refresh.Failing
	s.Refresh.Targets[1].Report = &refresh.Report{Current: 2, Pending: 1,
		Failing: []refresh.Failure{{Place: "namespace <script>alert(1)</script>", Error: "secrets: patch is forbidden"}}}
	s.Cluster.Leading, s.Cluster.Error = false, "namespaces: watch is forbidden"
	s.Cluster.Healthy = errors.New("watch: silent for 4m0s")
	return s
}

// TestStatus compares both forms of the status page with the files in testdata.
func TestStatus(t *testing.T) {
	for file, header := range map[string]string{"status.html": "text/html,*/*;q=0.8", "status.json": "*/*"} {
		w := get(t, troubled(t), "/status", "Accept", header)
		if w.Code != http.StatusOK {
			t.Errorf("%s: status %d", file, w.Code)
		}
		golden(t, file, w.Body.String())
	}
	html := get(t, troubled(t), "/status", "Accept", "text/html").Body.String()
	if strings.Contains(html, "<script") || !strings.Contains(html, "namespace &lt;script&gt;") {
		t.Errorf("the page does not escape the names of namespaces:\n%s", html)
	}
}

// TestErrorOnce checks that the HTML page shows the error of a token once, and not again for its target.
func TestErrorOnce(t *testing.T) {
	const cause = "access denied; allow ecr:GetAuthorizationToken"
	const host = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	s := healthy(t)
	s.Refresh.Logins[0].Error = host + ": " + cause
	s.Refresh.Targets[0] = refresh.TargetStatus{Kind: "file", Name: "/a", State: refresh.Failing, Error: host + ": " + cause}
	page := get(t, s, "/status", "Accept", "text/html").Body.String()
	for want, times := range map[string]int{
		">" + cause + "<":                                 1,
		">file /a: not written yet<":                      1,
		">no token; see the error of " + host + " below<": 1,
	} {
		if n := strings.Count(page, want); n != times {
			t.Errorf("the page contains %q %d times, want %d:\n%s", want, n, times, page)
		}
	}
}

// TestManyFailures checks that the HTML page lists some failing namespaces and the JSON all.
func TestManyFailures(t *testing.T) {
	s := healthy(t)
	s.Refresh.Targets[1].Report = &refresh.Report{Failing: make([]refresh.Failure, 1000)}
	if html := get(t, s, "/status", "Accept", "text/html").Body.String(); !strings.Contains(html, "and 900 more") {
		t.Errorf("the page does not count the rest:\n%s", html)
	}
	var p struct {
		Targets []struct{ Places *struct{ Failing []any } }
	}
	err := json.Unmarshal(get(t, s, "/status").Body.Bytes(), &p)
	if err != nil || len(p.Targets[1].Places.Failing) != 1000 {
		t.Errorf("%v: %+v", err, p)
	}
}

// TestMethods checks that only GET and HEAD are allowed, and that no page can be loaded by another site.
func TestMethods(t *testing.T) {
	s := healthy(t)
	m := monitoring.New("v1", func() monitoring.State { return s }, func() time.Time { return now })
	for _, path := range []string{"/", "/readyz", "/healthz", "/health", "/status", "/metrics", "/other"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
			w := request(t, m, method, path)
			if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: status %d", method, path, w.Code)
			}
		}
		if w := request(t, m, http.MethodHead, path); w.Code >= 400 && path != "/other" {
			t.Errorf("HEAD %s: status %d", path, w.Code)
		}
	}
	if w := request(t, m, http.MethodGet, "/other"); w.Code != http.StatusNotFound {
		t.Errorf("/other: status %d", w.Code)
	}
}

// TestMetricsOfFailingTarget checks that a target that fails as a whole is counted, although none of its places failed:
// its namespaces are unknown, or a password is missing in each.
func TestMetricsOfFailingTarget(t *testing.T) {
	for _, tt := range []struct {
		report refresh.Report
		want   string
	}{
		{refresh.Report{}, "1"},
		{refresh.Report{Current: 3}, "3"},
		{refresh.Report{Standby: true}, "0"},
	} {
		s := healthy(t)
		s.Refresh.Targets[1].State, s.Refresh.Targets[1].Error = refresh.Failing, "access denied"
		s.Refresh.Targets[1].Report = &tt.report
		body := get(t, s, "/metrics").Body.String()
		for state, want := range map[string]string{"failing": tt.want, "current": "0"} {
			line := `ecr_token_refresh_targets{kind="secret",name="regcred",state="` + state + `"} ` + want + "\n"
			if !strings.Contains(body, line) {
				t.Errorf("%+v: no line %s", tt.report, line)
			}
		}
	}
}

// TestMetrics compares the metrics of this program with the file in testdata, and checks all of them with promlint.
func TestMetrics(t *testing.T) {
	s := troubled(t)
	s.Refresh.Logins = append(s.Refresh.Logins, s.Refresh.Logins[0]) // a Login that differs in Server only
	m := monitoring.New("v1.2.3", func() monitoring.State { return s }, func() time.Time { return now })
	countRequests(t, m)
	body := request(t, m, http.MethodGet, "/metrics").Body.String()
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v %+v", err, problems)
	}
	var own []string
	for line := range strings.Lines(body) {
		if strings.Contains(line, "ecr_token_refresh_") && !strings.Contains(line, "build_info{") {
			own = append(own, line)
		}
	}
	golden(t, "metrics.txt", strings.Join(own, ""))
	for _, want := range []string{"go_goroutines", `ecr_token_refresh_build_info{goversion="go`, `version="v1.2.3"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the metrics do not contain %s", want)
		}
	}
	if strings.Contains(body, "alert(1)") {
		t.Error("a metric has a label for a namespace")
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	path := "testdata/" + file
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; update with go test -update):\n%s", file, diff)
	}
}
