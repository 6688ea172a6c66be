package kubernetes

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"ecrlogin/refresh"
)

// A script answers requests one after the other, and records them.
type script struct {
	t        *testing.T
	answers  []answer
	requests []string
	bodies   []string
}

// An answer is a JSON object, or an error of the connection.
type answer struct {
	code int
	body string
	err  error
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			s.t.Error(err)
		}
	}
	s.requests = append(s.requests, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Content-Type"))
	s.bodies = append(s.bodies, string(body))
	if len(s.answers) == 0 {
		s.t.Errorf("unexpected request %s", s.requests[len(s.requests)-1])
		return nil, errors.New("unexpected")
	}
	a := s.answers[0]
	s.answers = s.answers[1:]
	if a.err != nil {
		return nil, a.err
	}
	return &http.Response{
		StatusCode: a.code, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(a.body)), Request: r,
	}, nil
}

// found is a Secret with managed fields of a manager.
func found(uid, manager, operation string) answer {
	return answer{code: http.StatusOK, body: fmt.Sprintf(`{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{
		"name":"regcred","uid":%q,"resourceVersion":"7","managedFields":[{"manager":%q,"operation":%q,
		"fieldsType":"FieldsV1","fieldsV1":{"f:data":{"f:.dockerconfigjson":{}}}}]}}`, uid, manager, operation)}
}

// status is an error of the API server.
func status(code int, reason, message, details string) answer {
	return answer{code: code, body: fmt.Sprintf(
		`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"message":%q,"details":%s,"code":%d}`, reason, message, details, code)}
}

var (
	ourSecret = found("u1", "ecr-token-refresh", "Apply")
	absent    = status(http.StatusNotFound, "NotFound", `secrets "regcred" not found`, `{"name":"regcred","kind":"secrets"}`)
	exists    = status(http.StatusConflict, "Conflict", "the object has been modified", "{}") // with another version
)

// scripted returns a writer for the namespace team-a, a content, and the script of the API server.
func scripted(t *testing.T, now *time.Time, answers ...answer) (*writer, *content, *script) {
	t.Helper()
	s := &script{t: t, answers: answers}
	clients, err := newClients(&rest.Config{Host: "https://api.example", Transport: s})
	if err != nil {
		t.Fatal(err)
	}
	rule, creds := preset(t, "dockerconfigjson", hostA)
	w := newWriter(rule, clients.metadata, clients.core, slog.New(slog.DiscardHandler))
	w.now = func() time.Time { return *now }
	return w, newTestContent(t, rule, creds), s
}

// TestRequests checks the requests of the first write in a namespace without a Secret, of the next one, and of the
// first write in two namespaces with a Secret.
func TestRequests(t *testing.T) {
	now := noon
	w, c, s := scripted(t, &now, ourSecret, ourSecret, exists, ourSecret, ourSecret, ourSecret, ourSecret)
	for _, name := range []string{"team-a", "team-a", "team-b", "team-c"} {
		if err := w.write(t.Context(), name, c); err != nil {
			t.Fatal(err)
		}
	}
	path := func(team string) string { return "PATCH /api/v1/namespaces/" + team + "/secrets/regcred?" }
	const (
		lookUp = "dryRun=All&fieldManager=ecr-token-refresh application/strategic-merge-patch+json"
		apply  = "fieldManager=ecr-token-refresh&fieldValidation=Ignore&force=false application/apply-patch+yaml"
		force  = "fieldManager=ecr-token-refresh&fieldValidation=Ignore&force=true application/apply-patch+yaml"
	)
	want := []string{
		path("team-a") + apply, path("team-a") + apply,
		path("team-b") + apply, path("team-b") + lookUp, path("team-b") + force,
		path("team-c") + lookUp, path("team-c") + force,
	}
	if !slices.Equal(s.requests, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(s.requests, "\n"), strings.Join(want, "\n"))
	}
	create, update := string(c.body("", noVersion)), string(c.body("u1", ""))
	bodies := []string{create, update, create, "{}", update, "{}", update}
	if !slices.Equal(s.bodies, bodies) {
		t.Errorf("got\n%s", strings.Join(s.bodies, "\n"))
	}
}

// TestExpiredContent checks that an expired password is not written, and that nothing is requested for it.
func TestExpiredContent(t *testing.T) {
	now := noon.Add(12 * time.Hour)
	w, c, s := scripted(t, &now)
	const want = "Secret team-a/regcred: the password has expired; see the errors of its registries"
	if err := w.write(t.Context(), "team-a", c); err == nil || err.Error() != want || len(s.requests) > 0 {
		t.Errorf("got %v, %q", err, s.requests)
	}
}

// TestWriteErrors checks the message for each error of the API server.
func TestWriteErrors(t *testing.T) {
	const conflict = `{"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"other\" using v1","field":".data..dockerconfigjson"}]}`
	conflicts := slices.Repeat([]answer{found("u1", "ecr-token-refresh", "Apply"), status(http.StatusConflict, "Conflict", "Apply failed", conflict)}, attempts)
	conflicts = append([]answer{exists}, conflicts...)
	appears := append([]answer{exists}, slices.Repeat([]answer{absent, exists}, attempts)...)
	for _, tt := range []struct {
		name    string
		answers []answer
		want    string
	}{
		{"connection", []answer{{err: errors.New("connection refused")}}, "patch secrets: API server is unavailable: connection refused"},
		{"unauthorized", []answer{status(http.StatusUnauthorized, "Unauthorized", "Unauthorized", "{}")},
			"patch secrets: API server rejected the identity: Unauthorized; check the service account token or the kubeconfig file"},
		{"overloaded", []answer{status(http.StatusTooManyRequests, "TooManyRequests", "too many requests", "{}")},
			"patch secrets: API server is overloaded: too many requests"},
		{"quota", []answer{status(http.StatusForbidden, "Forbidden", `secrets "regcred" is forbidden: exceeded quota: q`, "{}")},
			`Secret team-a/regcred: denied: secrets "regcred" is forbidden: exceeded quota: q`},
		{"webhook", []answer{status(http.StatusForbidden, "Forbidden", "denied\nthe request: password0 QVdTOnBhc3N3b3JkMA==", "{}")},
			"Secret team-a/regcred: denied: denied the request: (password) (password)"},
		{"webhook with status 500", []answer{status(http.StatusInternalServerError, "InternalError", "failed: password0 QVdTOnBhc3N3b3JkMA==", "{}")},
			"patch secrets: API server is unavailable: failed: (password) (password)"},
		{"too large", []answer{status(http.StatusUnprocessableEntity, "Invalid", "data: Too long", `{"causes":[{"reason":"FieldValueTooLong","field":"data"}]}`)},
			"Secret team-a/regcred: data: Too long"},
		{"conflicts", conflicts, "Secret team-a/regcred: changed by other programs during 5 attempts to write it: Apply failed"},
		{"appears and disappears", appears, "Secret team-a/regcred: changed by other programs during 5 attempts to write it: the object has been modified"},
		{"unknown manager", []answer{exists, {code: http.StatusOK, body: `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"regcred","uid":"u"}}`}},
			"Secret team-a/regcred: managed by another program; set adopt: true to take it over, or use another name"},
		{"manager of two lines", []answer{exists, found("u", "a\n\tb", "Update")},
			`Secret team-a/regcred: managed by "a b"; set adopt: true to take it over, or use another name`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := noon
			w, c, s := scripted(t, &now, tt.answers...)
			if err := w.write(t.Context(), "team-a", c); err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
			if len(s.answers) > 0 {
				t.Errorf("%d requests too few", len(s.answers))
			}
		})
	}
}

// TestUnavailable checks that the error of a connection is recognized as one.
func TestUnavailable(t *testing.T) {
	now := noon
	w, c, _ := scripted(t, &now, answer{err: errors.New("connection refused")})
	err := w.write(t.Context(), "team-a", c)
	if u := (*url.Error)(nil); !unavailable(err) || !errors.As(err, &u) {
		t.Errorf("got %v", err)
	}
}

// TestContested checks when another program that changes the Secret is reported, and for how long.
func TestContested(t *testing.T) {
	now := noon
	w, _, _ := scripted(t, &now)
	t1 := &writing{writer: w, namespace: "team-a"}
	for range 2 {
		t1.noteLoss("u1", nil, nil)
		now = now.Add(11 * time.Hour)
	}
	if err := w.contested("team-a"); err != nil {
		t.Errorf("after 2 losses: %v", err)
	}
	t1.noteLoss("u1", nil, nil)
	const want = "Secret team-a/regcred: written, but another program changed or deleted it 3 times in 24 hours; stop one of the two programs"
	if err := w.contested("team-a"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := w.contested("team-b"); err != nil {
		t.Errorf("another namespace: %v", err)
	}
	now = now.Add(2 * time.Hour)
	if err := w.contested("team-a"); err != nil {
		t.Errorf("after a day: %v", err)
	}
	for range 3 {
		t1.noteLoss("u1", nil, nil)
	}
	w.forget("team-a")
	if err := w.contested("team-a"); err != nil {
		t.Errorf("after the namespace was deleted: %v", err)
	}
}

// TestWaiting checks how often a missing service account is looked up.
func TestWaiting(t *testing.T) {
	now := noon
	missing := status(http.StatusNotFound, "NotFound", `serviceaccounts "default" not found`, `{"name":"default","kind":"serviceaccounts"}`)
	w, _, s := scripted(t, &now)
	w.rule.ServiceAccounts = []string{"default"}
	for _, tt := range []struct{ elapsed, want time.Duration }{
		{0, time.Second}, {time.Second, time.Second}, {10 * time.Second, 5 * time.Second}, {time.Hour, 5 * time.Minute},
	} {
		s.answers = []answer{missing}
		now = noon.Add(tt.elapsed)
		var waiting *waitingError
		if err := w.addToAccounts(t.Context(), "team-a"); !errors.As(err, &waiting) || waiting.after != tt.want {
			t.Errorf("after %v: %v, %+v, want %v", tt.elapsed, err, waiting, tt.want)
		}
	}
	s.answers = []answer{
		{code: http.StatusOK, body: `{"metadata":{"resourceVersion":"7"}}`},
		{code: http.StatusOK, body: `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"default"}}`},
		missing,
	}
	if err := w.addToAccounts(t.Context(), "team-a"); err != nil {
		t.Error(err)
	}
	var waiting *waitingError
	if err := w.addToAccounts(t.Context(), "team-a"); !errors.As(err, &waiting) || waiting.after != time.Second {
		t.Errorf("after it existed: %v, %+v", err, waiting)
	}
}

func TestAccountPatch(t *testing.T) {
	var a account
	a.Metadata.ResourceVersion = "7"
	version := `[{"op":"replace","path":"/metadata/resourceVersion","value":"7"},`
	if got, want := a.patch("regcred"), version+`{"op":"add","path":"/imagePullSecrets","value":[{"name":"regcred"}]}]`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	a.ImagePullSecrets = []reference{{"other"}}
	if got, want := a.patch("regcred"), version+`{"op":"add","path":"/imagePullSecrets/-","value":{"name":"regcred"}}]`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestPlanSendsNoPassword checks that each request of a plan is a dry run with a sample.
func TestPlanSendsNoPassword(t *testing.T) {
	now := noon
	w, _, s := scripted(t, &now, absent, ourSecret)
	w.rule.Logins = []refresh.Login{loginOf(t, hostA)}
	change, err := w.plan(t.Context(), "team-a")
	if want := (Change{"team-a", "create", "does not exist"}); err != nil || change != want {
		t.Errorf("got %+v, %v", change, err)
	}
	for i, r := range s.requests {
		if !strings.Contains(r, "dryRun=All") {
			t.Errorf("request %d: %s", i, r)
		}
	}
	_, data := decoded(t, []byte(s.bodies[1]))
	if !bytes.Contains([]byte(data[".dockerconfigjson"]), []byte(`"password":"dry-run"`)) {
		t.Errorf("data %v", data)
	}
}

// TestKeep checks that a Secret whose passwords are valid stays until shortly before they expire, if the content lacks
// one of them.
func TestKeep(t *testing.T) {
	now := noon
	secret := strings.Replace(ourSecret.body, `"uid"`, `"annotations":{"ecr-login/expiry":"2026-01-02T15:00:00Z"},"uid"`, 1)
	w, c, s := scripted(t, &now, exists, answer{code: http.StatusOK, body: secret})
	c.missing = []string{hostB}
	err := w.write(t.Context(), "team-a", c)
	var waiting *waitingError
	if !errors.As(err, &waiting) || waiting.after != 3*time.Hour-time.Minute { // not when the password has expired
		t.Errorf("got %v, %+v", err, waiting)
	}
	now = now.Add(waiting.after)
	s.answers = []answer{{code: http.StatusOK, body: secret}, ourSecret}
	if err := w.write(t.Context(), "team-a", c); err != nil || s.bodies[3] != string(c.body("u1", "")) {
		t.Errorf("got %v, %s", err, s.bodies)
	}
}

// TestKeepPartial checks that a Secret that lacks a password anyway gets newer ones for the rest.
func TestKeepPartial(t *testing.T) {
	now := noon
	secret := answer{code: http.StatusOK, body: strings.Replace(ourSecret.body, `"uid"`, `"annotations":{"ecr-login/expiry":"2026-01-03T00:00:00Z"},"uid"`, 1)}
	w, c, s := scripted(t, &now, secret) // created without the password of hostB
	c.missing = []string{hostB}
	if err := w.write(t.Context(), "team-a", c); err != nil {
		t.Fatal(err)
	}
	s.answers = []answer{secret, secret}
	if err := w.write(t.Context(), "team-a", c); err != nil || s.bodies[2] != string(c.body("u1", "")) {
		t.Errorf("got %v, %s", err, s.bodies)
	}
	other := secret
	other.body = strings.Replace(other.body, `"annotations":{`, `"annotations":{"ecr-login/content-hash":"other",`, 1)
	s.answers = []answer{other}
	if err := w.write(t.Context(), "team-a", c); !errors.As(err, new(*waitingError)) {
		t.Errorf("after another replica wrote it: got %v", err)
	}
	s.answers = []answer{secret}
	c.missing = []string{hostA}
	if err := w.write(t.Context(), "team-a", c); !errors.As(err, new(*waitingError)) {
		t.Errorf("without another password: got %v", err)
	}
}

// TestInstallation checks that a Secret contains the name of the installation that wrote it.
func TestInstallation(t *testing.T) {
	f := newFixture(t, newFakeServer(), Options{Once: true, Installation: "ecr/ecr-token-refresh"})
	rule, creds := preset(t, "dockerconfigjson", hostA)
	s, err := f.cluster.Secret(rule)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := decoded(t, newTestContent(t, s.rule, creds).body("", ""))
	if got := body.Metadata.Annotations[AnnotationInstallation]; got != "ecr/ecr-token-refresh" {
		t.Errorf("got %q", got)
	}
}

// TestRival checks that two installations do not write the same Secret, and that one of them can replace the other.
func TestRival(t *testing.T) {
	const rival = `Secret team-a/regcred: managed by the installation "ops/other" of this program; set adopt: true to take it over, or use another name`
	for _, tt := range []struct {
		name, own, expiry string
		adopt             bool
		want              string
	}{
		{"another", "ops/own", "2026-01-02T18:00:00Z", false, rival},
		{"adopted", "ops/own", "2026-01-02T18:00:00Z", true, ""},
		{"the same", "ops/other", "2026-01-02T18:00:00Z", false, ""},
		{"abandoned", "ops/own", "2026-01-02T16:59:00Z", false, ""},
		{"without a name", "", "2026-01-02T18:00:00Z", false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := noon
			secret := answer{code: http.StatusOK, body: strings.Replace(ourSecret.body, `"uid"`,
				`"annotations":{"ecr-login/installation":"ops/other","ecr-login/expiry":"`+tt.expiry+`"},"uid"`, 1)}
			w, c, s := scripted(t, &now, exists, secret, ourSecret)
			w.rule.Form.Annotations = map[string]string{AnnotationInstallation: tt.own}
			w.rule.Adopt = tt.adopt
			err := w.write(t.Context(), "team-a", c)
			if (err == nil) != (tt.want == "") || err != nil && err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if written := len(s.answers) == 0; written != (tt.want == "") {
				t.Errorf("written: %v", written)
			}
		})
	}
}
