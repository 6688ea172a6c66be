package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"ecrlogin/cache"
	"ecrlogin/credentials"
	"ecrlogin/internal/environ"
	"ecrlogin/registry"
)

// A fakeSource returns tokens with an identity, or an error.
type fakeSource struct {
	identity string
	issued   time.Time
	err      error
}

func (s *fakeSource) Token(context.Context, registry.Registry) (credentials.Token, error) {
	return credentials.Token{
		Username: "AWS", Password: "hunter2", IssuedTo: s.identity, Issued: s.issued, Expiry: s.issued.Add(12 * time.Hour),
	}, s.err
}

// The metrics are valid for Prometheus, have one series for each registry and identity, and contain no password.
func TestMetrics(t *testing.T) {
	const host = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	now := time.Now().Truncate(time.Second) // Sweep compares it with the times of files
	source := &fakeSource{issued: now}
	c := &cache.Cache{Source: source, Dir: filepath.Join(t.TempDir(), "cache"), Now: func() time.Time { return now }}
	get := func(job int, identity string) {
		t.Helper()
		source.identity = identity
		c.Env = environ.Env{"HOME=" + t.TempDir(), fmt.Sprint("AWS_JOB=", job)}
		r, err := registry.Parse(host)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Token(t.Context(), r); !errors.Is(err, source.err) {
			t.Fatal(err)
		}
	}
	get(1, `profile "a\b"`)
	get(2, `profile "a\b"`)
	now, source.issued = now.Add(time.Hour), now.Add(time.Hour)
	get(3, `profile "a\b"`)
	source.err = errors.New("no route")
	get(4, "")
	m, err := collect(c, now)
	if err != nil {
		t.Fatal(err)
	}
	m.build = "v1\n"
	got := string(m.text())
	labels := `{registry="` + host + `",identity="profile \"a\\b\""}`
	for _, line := range []string{
		`ecr_login_build_info{version="v1\n"} 1`,
		"ecr_login_tokens" + labels + " 3",
		"ecr_login_token_issued_timestamp_seconds" + labels + fmt.Sprint(" ", now.Unix()),
		"ecr_login_token_expiry_timestamp_seconds" + labels + fmt.Sprint(" ", now.Add(12*time.Hour).Unix()),
		`ecr_login_last_failure_timestamp_seconds{registry="` + host + `",identity="",reason="error"} ` + fmt.Sprint(now.Unix()),
	} {
		if !strings.Contains(got, "\n"+line+"\n") {
			t.Errorf("the metrics do not contain %s:\n%s", line, got)
		}
	}
	if strings.Contains(got, "hunter2") || strings.Contains(got, "no route") {
		t.Errorf("the metrics contain a secret or a cause:\n%s", got)
	}
	documented, err := os.ReadFile("../../docs/fleet.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(got) {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok && !strings.Contains(string(documented), "`"+strings.Fields(name)[0]+"`") {
			t.Errorf("%s is missing in docs/fleet.md", name)
		}
	}
	problems, err := promlint.New(strings.NewReader(got)).Lint()
	if len(problems) > 0 || err != nil {
		t.Errorf("promlint: %v %+v", err, problems)
	}
	now = now.Add(13 * time.Hour)
	if m, err = collect(c, now); err != nil || m.tokens[series{host, `profile "a\b"`}] != 0 || len(m.tokens) != 1 {
		t.Errorf("after the tokens have expired: %v, %v", m.tokens, err)
	}
}
