package refresh_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/refresh"
	"ecrlogin/registry"
)

// A machine has a wall clock, AWS, and a Refresher with targets. Its methods are safe for concurrent use.
type machine struct {
	t   *testing.T
	r   *refresh.Refresher
	log *syncBuffer

	mu      sync.Mutex
	ahead   time.Duration          // of the wall clock, compared to the monotonic clock
	aws     time.Duration          // the same of the clock of AWS, which only differs after the machine was suspended
	life    time.Duration          // of new tokens
	took    time.Duration          // the response time of AWS
	down    func(api string) error // nil while AWS is available; the API is as in calls
	strict  bool                   // AWS rejects requests if the clock is wrong by more than five minutes
	hang    string                 // an API that does not respond
	calls   []string               // the APIs and profiles of all requests
	expires map[string]time.Time   // by password, by the clock of AWS
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func newMachine(t *testing.T, targets ...refresh.Target) *machine {
	m := &machine{t: t, life: 12 * time.Hour, took: 100 * time.Millisecond, log: new(syncBuffer), expires: map[string]time.Time{}}
	for _, target := range targets {
		if p, ok := target.(*place); ok {
			p.m = m
		}
	}
	m.r = &refresh.Refresher{
		Targets: targets, Interval: 30 * time.Minute, Now: m.now,
		Source: func(id credentials.Identity) credentials.Source { return source{m, id} },
		Log:    slog.New(slog.NewTextHandler(m.log, nil)),
	}
	return m
}

// run runs the Refresher until the test ends.
func (m *machine) run() (stop func()) {
	ctx, cancel := context.WithCancel(m.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.r.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-done
	}
	m.t.Cleanup(stop)
	return stop
}

func (m *machine) now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return time.Now().Add(m.ahead)
}

// set changes the machine while it is running.
func (m *machine) set(change func(m *machine)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(m)
}

func (m *machine) called() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.calls)
}

// distinct returns the APIs and profiles of the requests, sorted.
func (m *machine) distinct() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(m.calls)))
}

// left returns how long AWS accepts a password.
func (m *machine) left(password string) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.expires[password].Sub(time.Now().Add(m.aws))
}

// A source is AWS as an identity sees it.
type source struct {
	m  *machine
	id credentials.Identity
}

func (s source) Token(ctx context.Context, r registry.Registry) (credentials.Token, error) {
	m := s.m
	m.mu.Lock()
	api := r.API() + "/" + s.id.Profile
	m.calls = append(m.calls, api)
	number, took := len(m.calls), m.took
	if m.hang == api {
		took = time.Hour
	}
	m.mu.Unlock()
	select {
	case <-time.After(took):
	case <-ctx.Done():
		return credentials.Token{}, &credentials.Error{Host: r.Host, Cause: "timed out", Err: ctx.Err()}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if skew := m.ahead - m.aws; m.strict && skew.Abs() > 5*time.Minute {
		return credentials.Token{}, &credentials.Error{Host: r.Host, Cause: "the clock is wrong"}
	}
	if m.down != nil {
		if err := m.down(api); err != nil {
			return credentials.Token{}, &credentials.Error{Host: r.Host, Cause: err.Error(), Next: "check the network"}
		}
	}
	password := fmt.Sprintf("secret-%d", number)
	expiry := time.Now().Add(m.aws).Add(m.life)
	m.expires[password] = expiry
	return credentials.Token{
		Username: "AWS", Password: password, IssuedTo: s.id.Profile,
		Issued: time.Now().Add(m.ahead).UTC(), Expiry: expiry.Round(0).UTC(),
	}, nil
}

// A place is a Target that keeps in memory what is written.
type place struct {
	name   string
	logins []refresh.Login
	m      *machine

	mu      sync.Mutex
	took    time.Duration
	err     error
	deaf    bool // Apply ignores the context
	content map[string]string
	tried   []time.Time
	writes  []time.Time
}

func (p *place) Kind() string            { return "test" }
func (p *place) Name() string            { return p.name }
func (p *place) Logins() []refresh.Login { return p.logins }

func (p *place) set(change func(p *place)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

func (p *place) Apply(ctx context.Context, creds []refresh.Credential) error {
	p.m.mu.Lock()
	for _, c := range creds {
		if left := p.m.expires[c.Token.Password].Sub(time.Now().Add(p.m.aws)); left <= 0 {
			p.m.t.Errorf("%s received a token that expired %s ago", p.name, -left)
		}
	}
	p.m.mu.Unlock()
	if len(creds) == 0 {
		p.m.t.Errorf("%s received no credentials", p.name)
	}
	p.mu.Lock()
	p.tried = append(p.tried, time.Now())
	took, deaf := p.took, p.deaf
	p.mu.Unlock()
	select {
	case <-time.After(took):
	case <-ctx.Done():
		if !deaf {
			return ctx.Err()
		}
		time.Sleep(10 * took)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err
	}
	p.content = map[string]string{}
	for _, c := range creds {
		p.content[c.Login.Registry.Host] = c.Token.Password
	}
	p.writes = append(p.writes, time.Now())
	return nil
}

func (p *place) password(host string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.content[host]
}

func (p *place) written() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.writes)
}

func (p *place) lastWrite() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.writes) == 0 {
		return time.Time{}
	}
	return p.writes[len(p.writes)-1]
}

func (p *place) tries() []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.tried)
}

const (
	west    = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	west2   = "210987654321.dkr.ecr.us-west-2.amazonaws.com"
	ireland = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
)

// newPlace returns a target with the default identity's passwords for some hosts.
func newPlace(name string, hosts ...string) *place {
	p := &place{name: name}
	for _, host := range hosts {
		r, err := registry.Parse(host)
		if err != nil {
			panic(err)
		}
		p.logins = append(p.logins, refresh.Login{Registry: r})
	}
	return p
}

// unavailable is an outage of AWS.
func unavailable(string) error { return errors.New("unavailable") }

// bubble runs a test in simulated time.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// after lets simulated time pass until all goroutines have handled it.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
