package cache_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ecrlogin/cache"
	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
	"ecrlogin/registry"
)

// A hangingSource fails after some time, or when its context ends, with errors that name the call.
type hangingSource struct {
	aws.Source
	took  time.Duration
	err   error
	calls int
}

func (s *hangingSource) Token(ctx context.Context, r registry.Registry) (credentials.Token, error) {
	s.calls++
	err := s.err
	select {
	case <-ctx.Done():
		err = ctx.Err()
	case <-time.After(s.took):
	}
	return credentials.Token{}, &credentials.Error{Host: r.Host, Cause: "failed after call " + string(rune('0'+s.calls)), Err: err}
}

// After a timeout, the request is repeated while there is time. Other failures are returned at once.
func TestRepeatedAfterTimeout(t *testing.T) {
	for name, tt := range map[string]struct {
		err   error
		took  time.Duration
		calls int
		until time.Duration
	}{
		"no response":           {context.DeadlineExceeded, 10 * time.Second, 4, 15 * time.Second}, // 10, 2.5, 1.25 and 1.25 s
		"no response in time":   {nil, time.Hour, 1, 15 * time.Second},
		"TLS handshake":         {os.ErrDeadlineExceeded, 5 * time.Second, 5, 15 * time.Second}, // 5, 5, 2.5, 1.25 and 1.25 s
		"no connection":         {&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, 5 * time.Second, 1, 5 * time.Second},
		"no metadata service":   {errors.Join(credentials.ErrNoIdentity, os.ErrDeadlineExceeded), 3 * time.Second, 1, 3 * time.Second},
		"denied":                {errors.New("denied"), 3 * time.Second, 1, 3 * time.Second},
		"timeout after no time": {os.ErrDeadlineExceeded, 0, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("HOME", t.TempDir())
			dir := filepath.Join(t.TempDir(), "cache")
			present := time.Now()
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(present)) // the times of files are those of the real clock
				source := &hangingSource{took: tt.took, err: tt.err}
				c := &cache.Cache{Source: source, Dir: dir}
				ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
				defer cancel()
				began := time.Now()
				_, err := c.Token(ctx, parse(t, host))
				if took := time.Since(began); source.calls != tt.calls || took != tt.until {
					t.Errorf("%d calls, %s, want %d, %s", source.calls, took, tt.calls, tt.until)
				}
				if err == nil || err.Error() != host+": failed after call 1" {
					t.Errorf("got %v", err)
				}

				// A failure that took more than a second is returned to processes that start in the next ten seconds.
				calls := source.calls
				time.Sleep(5 * time.Second)
				_, err = c.Token(t.Context(), parse(t, sameRegion))
				if tt.took > time.Second && (source.calls != calls || err == nil || !strings.HasPrefix(err.Error(), sameRegion+": failed after call 1"+found)) {
					t.Errorf("after %d calls: %v", source.calls-calls, err)
				}
			})
		})
	}
}

// Processes with more time do not fail because of a request that began shortly before the deadline of another process.
func TestTimeoutShortlyBeforeDeadline(t *testing.T) {
	u := newUser(t)
	u.cache.Now, u.cache.Since = nil, time.Now().Add(-time.Second)
	hasty := *u.cache
	hasty.Source = &hangingSource{took: time.Hour}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := hasty.Token(ctx, parse(t, host)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	u.gets(1)
}
