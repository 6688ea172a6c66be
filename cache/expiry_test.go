package cache_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ecrlogin/cache"
	"ecrlogin/credentials"
	"ecrlogin/internal/awstest"
	"ecrlogin/registry"
)

// An outage is a Source that does not respond before a given time.
type outage struct {
	until time.Time
	calls int
}

func (o *outage) Token(ctx context.Context, r registry.Registry) (credentials.Token, error) {
	o.calls++
	select {
	case <-ctx.Done():
		return credentials.Token{}, errors.New("no answer")
	case <-time.After(time.Until(o.until)):
	}
	now := time.Now().UTC()
	return credentials.Token{Username: "AWS", Password: "issued " + now.Format(time.TimeOnly), Issued: now, Expiry: now.Add(12 * time.Hour)}, nil
}

// A renewal ends when the cached token expires. Then the token is fetched as if there were none, in the rest of the
// time.
func TestTokenExpiresDuringRenewal(t *testing.T) {
	for _, tt := range []struct {
		left, outage, took time.Duration
		calls              int
	}{
		{left: 3 * time.Second, outage: 8 * time.Second, took: 8 * time.Second, calls: 2},  // within the margin: no renewal
		{left: 62 * time.Second, outage: 8 * time.Second, took: 8 * time.Second, calls: 3}, // a renewal of 2 s, then a fetch
		{left: 64 * time.Second, outage: 20 * time.Second, took: 15 * time.Second, calls: 3},
		{left: 3 * time.Minute, outage: 8 * time.Second, took: 5 * time.Second, calls: 2}, // the cached token is used
	} {
		t.Run(tt.left.String(), func(t *testing.T) {
			t.Setenv("HOME", t.TempDir())
			dir := filepath.Join(t.TempDir(), "cache")
			synctest.Test(t, func(t *testing.T) {
				source, notices := new(outage), new(strings.Builder)
				c := &cache.Cache{Source: source, Dir: dir, Notices: notices}
				ask := func() (credentials.Token, error) {
					ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
					defer cancel()
					return c.Token(ctx, parse(t, host))
				}
				first, err := ask()
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Until(first.Expiry) - tt.left)
				began := time.Now()
				source.until = began.Add(tt.outage)
				token, err := ask()
				if took := time.Since(began); took != tt.took || source.calls != tt.calls {
					t.Errorf("it took %s and %d calls, want %s and %d", took, source.calls, tt.took, tt.calls)
				}
				if failed := err != nil; failed != (tt.outage > 15*time.Second) || (token == first) != (tt.left > 2*time.Minute) {
					t.Errorf("got %v, %v", token, err)
				}
				if left := time.Until(token.Expiry); err == nil && left < time.Minute {
					t.Errorf("the token is valid for another %s", left)
				}
			})
		})
	}
}

func parse(t *testing.T, host string) registry.Registry {
	t.Helper()
	r, err := registry.Parse(host)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The program fetches a token if the cached one expires while AWS does not respond to a renewal.
func TestRenewalWithoutResponse(t *testing.T) {
	t.Parallel()
	const request = `{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"` + host + `/app"}`
	for _, command := range [][]string{{"get"}, {"password", host}, {"kubelet"}} {
		t.Run(command[0], func(t *testing.T) {
			t.Parallel()
			m := withKeys(t)
			first := m.password(host)
			m.age(host, 12*time.Hour-61500*time.Millisecond)
			m.cloud.Inject(awstest.Fault{Hang: true, Times: 1})
			input := host
			if command[0] == "kubelet" {
				input = request
			}
			if r := m.run(command[0], input, command[1:]...).quiet(); r.exit != 0 || r.stdout == "" || strings.Contains(r.stdout, first) {
				t.Errorf("exit code %d, or a token was returned less than a minute before its expiry", r.exit)
			}
			m.called(3)
			if second := m.password(host); second == first {
				t.Error("the new token was not cached")
			} else {
				m.opens(host, second)
			}
		})
	}
}
