package aws_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ecrlogin/credentials"
)

// A faultyProxy passes CONNECT requests on to the stand-in's proxy, except those to ECR.
type faultyProxy struct {
	net.Listener
	fault func(net.Conn) // what happens to connections for ECR after the CONNECT request
}

func newFaultyProxy(t *testing.T, fault func(net.Conn)) *faultyProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &faultyProxy{l, fault}
	t.Cleanup(func() { p.Close() })
	go func() {
		for {
			c, err := p.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	return p
}

func (p *faultyProxy) serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	req, err := http.ReadRequest(r)
	if err != nil {
		return
	}
	if strings.Contains(req.Host, ".ecr.") {
		p.fault(c)
		return
	}
	next, err := net.Dial("tcp", strings.TrimPrefix(cloud.Proxy, "http://"))
	if err != nil {
		return
	}
	defer next.Close()
	_, _ = fmt.Fprintf(next, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", req.Host, req.Host)
	go func() { _, _ = io.Copy(next, r) }()
	_, _ = io.Copy(c, next)
}

// The errors of a connection that was opened early are those of the SDK's client, which opens none, and do not come
// later.
func TestErrorsOfEarlyConnections(t *testing.T) {
	m := withProfiles(t)
	cloud.AllowRole(pullRole)
	id := credentials.Identity{Profile: "base", RoleARN: pullRole}
	silence := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	established := func(then func(net.Conn)) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			then(c)
		}
	}
	for _, tt := range []earlyFault{
		{"refused by the proxy", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 403 Filtered\r\n\r\n") }, nil, "did not connect to api.ecr.us-west-2.amazonaws.com: Filtered"},
		{"closed by the proxy", func(net.Conn) {}, nil, "api.ecr.us-west-2.amazonaws.com closed the connection without a response"},
		{"silent proxy", silence, []string{childTimeout + "=2s"}, "timed out after * waiting for api.ecr.us-west-2.amazonaws.com (using "},
		{"silent API", established(silence), nil, "api.ecr.us-west-2.amazonaws.com accepted the connection but did not respond in time"},
		{"no TLS", established(func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1024)) // ClientHello
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
			silence(c)
		}), nil, "TLS connection to api.ecr.us-west-2.amazonaws.com failed: http: server gave HTTP response to HTTPS client (using role " +
			pullRole + ` via profile "base"); log in to the network if it has a captive portal, or check HTTPS_PROXY and AWS_ENDPOINT_URL`},
		{"no name", nil, []string{"AWS_ENDPOINT_URL_ECR=https://" + strings.Repeat("x", 64) + ".test"}, "cannot resolve " + strings.Repeat("x", 64) + ".test: no such host"},
		{"refused", nil, []string{"AWS_ENDPOINT_URL_ECR=https://127.0.0.1:1"}, "127.0.0.1:1 refused the connection"},
		{"misread proxy", nil, []string{"HTTPS_PROXY=http://user:12/34@127.0.0.1:1"}, "HTTPS_PROXY is not a valid URL"},
		{"misread endpoint", nil, []string{"AWS_ENDPOINT_URL_ECR=https://user:12/34@127.0.0.1:1"}, "AWS_ENDPOINT_URL_ECR is not a valid URL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for attempt := range 3 { // a busy machine may delay one of the processes
				problem := tt.check(t, m, id)
				if problem == "" {
					return
				}
				t.Log(problem)
				if attempt == 2 {
					t.Error("the errors differ in each attempt")
				}
				tt.env = append(tt.env, childTimeout+"=30s")
			}
		})
	}
}

// An earlyFault is a fault of connections to ECR.
type earlyFault struct {
	name  string
	fault func(net.Conn) // of a proxy
	env   []string
	want  string // pattern of the error
}

// check returns "" if the error is the wanted one, the SDK's client has the same, and it does not come later.
func (f earlyFault) check(t *testing.T, m *machine, id credentials.Identity) (problem string) {
	t.Helper()
	proxy := newFaultyProxy(t, f.fault)
	env := append([]string{"HTTPS_PROXY=http://" + proxy.Addr().String()}, f.env...)
	get := func(env ...string) (string, time.Duration) {
		began := time.Now()
		problem := m.child(id, env...)
		return problem, time.Since(began)
	}
	var got, want string
	var took, before time.Duration
	var both sync.WaitGroup
	both.Go(func() { got, took = get(env...) })
	both.Go(func() { want, before = get(slices.Concat(env, []string{"AWS_CA_BUNDLE=" + cloud.CAFile})...) })
	both.Wait()
	if got != want || !match("*"+f.want+"*", got) {
		return fmt.Sprintf("got  %s\nthe SDK's client: %s\nwant %s", got, want, f.want)
	}
	if took > before+4*time.Second { // another connection to a silent API would take five seconds
		return fmt.Sprintf("the error came after %s, that of the SDK's client after %s", took, before)
	}
	t.Logf("after %s, SDK's client %s: %s", took.Round(time.Millisecond), before.Round(time.Millisecond), got)
	return ""
}

// A token leaves no connection and no goroutine, whatever the identity, and neither does a missing one: the Source also
// serves a daemon.
func TestTokenLeavesNothing(t *testing.T) {
	cloud.AllowRole(pullRole)
	for name, tt := range map[string]struct {
		id    credentials.Identity
		setUp func(*machine)
		fails bool
	}{
		"role":               {credentials.Identity{Profile: "base", RoleARN: pullRole}, func(*machine) {}, false},
		"EC2 metadata":       {credentials.Identity{}, func(m *machine) { m.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", cloud.URL) }, false},
		"container endpoint": {credentials.Identity{}, func(m *machine) { m.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", cloud.URL+"/container") }, false},
		"no identity":        {credentials.Identity{}, func(*machine) {}, true},
	} {
		t.Run(name, func(t *testing.T) {
			m := withProfiles(t)
			m.env("AWS_ACCESS_KEY_ID", "")
			m.env("AWS_SECRET_ACCESS_KEY", "")
			tt.setUp(m)
			before := 0
			for i := range 10 {
				if token, err := m.tokenAs(privateHost, tt.id); (err != nil) != tt.fails {
					t.Fatalf("got %v, %v", token, err)
				}
				if i == 0 {
					before = runtime.NumGoroutine() // some of them are ending, which is harmless
				}
			}
			deadline := time.Now().Add(time.Minute)
			for runtime.NumGoroutine() > before {
				if time.Now().After(deadline) {
					t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
}

// Nothing but the connection is for ECR before the identity is known, and without an identity no call is made.
func TestNothingIsSentWithoutAnIdentity(t *testing.T) {
	m := newMachine(t)
	if token, err := m.token(privateHost); err == nil {
		t.Fatalf("got %v", token)
	}
	if calls := cloud.Calls(); len(calls) != 0 {
		t.Errorf("calls: %v", calls)
	}
}
