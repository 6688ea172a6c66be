package cache_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// age makes the entries of a host and of its API older by d, or newer if d is negative, as if the clock had been changed.
func (m *machine) age(host string, d time.Duration) {
	m.t.Helper()
	m.edit(host, func(lines []string) {
		for _, line := range []int{issuedLine, expiryLine} {
			seconds, err := strconv.ParseInt(lines[line], 10, 64)
			if err != nil {
				m.t.Fatal(err)
			}
			lines[line] = strconv.FormatInt(seconds-int64(d.Seconds()), 10)
		}
	})
}

// The lines of an entry.
const (
	versionLine = iota
	hostLine
	accountLine
	regionLine
	originLine
	asLine
	usernameLine
	passwordLine
	issuedLine
	expiryLine
)

// edit changes the lines of the entries of a host and of its API.
func (m *machine) edit(host string, change func(lines []string)) {
	m.t.Helper()
	found := false
	for _, name := range m.kept(".token") {
		if !strings.HasPrefix(name, host+"@") && !strings.HasPrefix(name, parse(m.t, host).API()+"@") {
			continue
		}
		found = true
		path := filepath.Join(m.cache, name)
		content, err := os.ReadFile(path)
		if err != nil {
			m.t.Fatal(err)
		}
		lines := strings.Split(string(content), "\n")
		change(lines)
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			m.t.Fatal(err)
		}
	}
	if !found {
		m.t.Fatalf("no entry for %s", host)
	}
}

// If the clock jumps, no expired token is returned, and one request is sent.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]time.Duration{"13 hours ahead": 13 * time.Hour, "13 hours behind": -13 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := withKeys(t)
			first := m.password(host)
			m.called(1)
			m.age(host, d)
			second := m.password(host)
			if second == first {
				t.Error("the old token was returned")
			}
			if m.password(host) != second {
				t.Error("the new token was not cached")
			}
			m.called(1)
		})
	}
}

// A token is renewed after half of its lifetime, or up to 10 % of that half earlier.
func TestRenewal(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	first := m.password(host)
	m.age(host, 5*time.Hour+20*time.Minute)
	if m.password(host) != first {
		t.Error("the token was renewed in the first half of its lifetime")
	}
	m.age(host, 50*time.Minute)
	second := m.password(host)
	if second == first {
		t.Error("the token was not renewed in the second half of its lifetime")
	}
	if m.password(host) != second {
		t.Error("the new token was not cached")
	}
	m.called(2)
}

// A token expires at the earlier of the password's expiration and the API's expiresAt.
func TestEarlierExpiryIsUsed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ inside, outside time.Duration }{
		"password's": {time.Hour, 12 * time.Hour},
		"API's":      {12 * time.Hour, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := withKeys(t)
			expires := func(in time.Duration) int64 { return time.Now().Add(in).Unix() }
			password := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"payload":%q,"expiration":%d}`, strings.Repeat("x", 1000), expires(tt.inside)))
			token := base64.StdEncoding.EncodeToString([]byte("AWS:" + password))
			m.cloud.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Times: 1, ContentType: "application/x-amz-json-1.1",
				Body: fmt.Sprintf(`{"authorizationData":[{"authorizationToken":%q,"expiresAt":%d}]}`, token, expires(tt.outside))})
			m.password(host)
			m.fail()
			m.age(host, 55*time.Minute)
			if m.get(host).said("(valid for 5m0s)").password() != password {
				t.Error("another token was returned")
			}
			m.age(host, 5*time.Minute)
			m.get(host).failed()
		})
	}
}

// While AWS fails, a valid token is returned with a notice, and renewals are not repeated.
func TestAWSFailsBeforeExpiry(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fail func(m *machine)
		line string
	}{
		"denied":      {(*machine).fail, host + ": access denied"},
		"unreachable": {func(m *machine) { m.cloud.Close() }, "refused the connection"},
		"no response": {func(m *machine) {
			m.cloud.Inject(awstest.Fault{Hang: true})
			m.env["ECR_LOGIN_TIMEOUT"] = "3s"
		}, "timed out after"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := withKeys(t)
			first := m.password(host)
			m.cloud.ResetCalls()
			m.age(host, 7*time.Hour)
			tt.fail(m)
			for range 3 {
				r := m.get(host).said("token could not be renewed, using the cached one (valid for 5h0m0s): ").said(tt.line)
				if r.password() != first {
					t.Error("another token was returned")
				}
			}
			if n := len(m.cloud.Calls()); n > 1 {
				t.Errorf("%d calls to AWS, want at most 1", n)
			}
		})
	}
}

// An expired token is not returned if AWS fails.
func TestAWSFailsAfterExpiry(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	first := m.password(host)
	m.age(host, 12*time.Hour)
	m.fail()
	for range 2 {
		if line := m.get(host).failed(); !strings.Contains(line, "access denied") || strings.Contains(line, first[:40]) {
			t.Errorf("got %q", line)
		}
	}
	m.called(3) // fast failures are not cached
}
