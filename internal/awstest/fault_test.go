package awstest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"ecrlogin/internal/awstest"
)

func TestFaultErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		fault         awstest.Fault
		code, message string
	}{
		"AWS error": {awstest.Fault{Type: "AccessDeniedException", Message: "User: x is not authorized"},
			"AccessDeniedException", "User: x is not authorized"},
		"echoed request": {awstest.Fault{Type: "AccessDeniedException", Message: "no", EchoRequest: true},
			"AccessDeniedException", "no\n\nThe Canonical String for this request should have been\n'POST\n/\n\n"},
		"throttling":   {awstest.Fault{Type: "ThrottlingException"}, "ThrottlingException", "Rate exceeded"},
		"server error": {awstest.Fault{Status: 500, Type: "ServerException", Message: "oops"}, "ServerException", "oops"},
	} {
		t.Run(name, func(t *testing.T) {
			s := awstest.New(t)
			isolate(t, nil)
			cfg := load(t, s, withKey(defaultKey))
			s.Inject(tt.fault)
			_, err := ecr.NewFromConfig(cfg).GetAuthorizationToken(t.Context(), nil)
			wantAPIError(t, err, tt.code, tt.message)
			_, err = sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
			wantAPIError(t, err, tt.code, tt.message)
		})
	}
}

func TestFaultAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		fault             awstest.Fault
		status            int
		contentType, body string
		err               error // of reading the body
	}{
		"status":   {awstest.Fault{Status: 503}, 503, "text/plain", "Service Unavailable", nil},
		"body":     {awstest.Fault{Body: "<html>", ContentType: "text/html"}, 200, "text/html", "<html>", nil},
		"both":     {awstest.Fault{Status: 407, Body: "log in first"}, 407, "text/plain", "log in first", nil},
		"truncate": {awstest.Fault{Body: "12345678", Truncate: true}, 200, "text/plain", "1234", io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			s := awstest.New(t)
			s.Inject(tt.fault)
			resp, err := http.Get(s.URL + "/container")
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if !errors.Is(err, tt.err) {
				t.Errorf("reading the body: %v, want %v", err, tt.err)
			}
			if resp.StatusCode != tt.status || string(body) != tt.body || resp.Header.Get("Content-Type") != tt.contentType {
				t.Errorf("response = %d %q %q, want %d %q %q", resp.StatusCode, resp.Header.Get("Content-Type"), body,
					tt.status, tt.contentType, tt.body)
			}
		})
	}
}

func TestFaultTruncatesRegularResponse(t *testing.T) {
	s := awstest.New(t)
	client := newECR(t, s)
	s.Inject(awstest.Fault{Truncate: true, Times: 1})
	if _, err := client.GetAuthorizationToken(t.Context(), nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error = %v, want %v", err, io.ErrUnexpectedEOF)
	}
	if _, err := client.GetAuthorizationToken(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func TestFaultMatching(t *testing.T) {
	for name, tt := range map[string]struct {
		fault    awstest.Fault
		failures int // of the first three calls
	}{
		"every call":        {awstest.Fault{}, 3},
		"twice":             {awstest.Fault{Times: 2}, 2},
		"operation":         {awstest.Fault{Op: awstest.GetAuthorizationToken}, 3},
		"another operation": {awstest.Fault{Op: awstest.AssumeRole}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := awstest.New(t)
			client := newECR(t, s)
			tt.fault.Type = "ServerException"
			s.Inject(tt.fault)
			failures := 0
			for range 3 {
				if _, err := client.GetAuthorizationToken(t.Context(), nil); err != nil {
					failures++
				}
			}
			if failures != tt.failures {
				t.Errorf("%d of 3 calls failed, want %d", failures, tt.failures)
			}
			s.ClearFaults()
			if _, err := client.GetAuthorizationToken(t.Context(), nil); err != nil {
				t.Error(err)
			}
			if n := s.Count(awstest.GetAuthorizationToken); n != 4 {
				t.Errorf("counted %d calls, want 4", n)
			}
		})
	}
}

// waits are faults whose wait ends early if the client disconnects or the Server is closed.
var waits = map[string]awstest.Fault{
	"hang":    {Hang: true},
	"delay":   {Delay: time.Hour},
	"hold":    {HoldUntil: 2},
	"release": {Release: make(chan struct{})},
}

// onCall runs f on the first call to s. Each call reads the clock.
func onCall(s *awstest.Server, f func()) {
	once := sync.OnceFunc(f)
	s.SetClock(func() time.Time {
		once()
		return time.Now()
	})
}

func TestFaultDrops(t *testing.T) {
	for name, fault := range map[string]awstest.Fault{"immediate": {Drop: true}, "delayed": {Drop: true, Delay: time.Millisecond}} {
		t.Run(name, func(t *testing.T) {
			s := awstest.New(t)
			s.Inject(fault)
			if resp, err := http.Get(s.URL + "/container"); !errors.Is(err, io.EOF) {
				t.Errorf("response %v, error %v; want a closed connection", resp, err)
			}
		})
	}
}

func TestFaultWaitEndsWithClient(t *testing.T) {
	for name, fault := range waits {
		t.Run(name, func(t *testing.T) {
			s := awstest.New(t)
			client := newECR(t, s)
			s.Inject(fault)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			onCall(s, cancel)
			if _, err := client.GetAuthorizationToken(ctx, nil); !errors.Is(err, context.Canceled) {
				t.Errorf("error = %v, want %v", err, context.Canceled)
			}
		})
	}
}

func TestFaultWaitEndsWithClose(t *testing.T) {
	for name, fault := range waits {
		t.Run(name, func(t *testing.T) {
			s := awstest.New(t)
			s.Inject(fault)
			onCall(s, func() { go s.Close() })
			resp, err := http.Get(s.URL + "/container")
			if err == nil {
				resp.Body.Close()
				t.Errorf("the call returned status %d", resp.StatusCode)
			}
		})
	}
}

func TestFaultDelay(t *testing.T) {
	s := awstest.New(t)
	client := newECR(t, s)
	s.Inject(awstest.Fault{Delay: 20 * time.Millisecond})
	start := time.Now()
	if _, err := client.GetAuthorizationToken(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took < 20*time.Millisecond {
		t.Errorf("the response took %v", took)
	}
}

func TestFaultHoldUntil(t *testing.T) {
	const calls = 4
	s := awstest.New(t)
	client := newECR(t, s)
	s.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, HoldUntil: calls})
	var all sync.WaitGroup
	for range calls {
		all.Go(func() {
			if _, err := client.GetAuthorizationToken(t.Context(), nil); err != nil {
				t.Error(err)
			}
			if n := s.Count(awstest.GetAuthorizationToken); n != calls {
				t.Errorf("a response was sent after %d calls, want %d", n, calls)
			}
		})
	}
	all.Wait()
	if _, err := client.GetAuthorizationToken(t.Context(), nil); err != nil { // not held
		t.Error(err)
	}
}

// The calls that arrived before the release get their responses then, and later calls at once, as if the API recovers.
func TestFaultRelease(t *testing.T) {
	const calls = 3
	s := awstest.New(t)
	client := newECR(t, s)
	release := make(chan struct{})
	s.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Release: release})
	var all sync.WaitGroup
	for range calls {
		all.Go(func() {
			_, err := client.GetAuthorizationToken(t.Context(), nil)
			select {
			case <-release:
			default:
				t.Error("a call returned before the release")
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	for s.Count(awstest.GetAuthorizationToken) < calls {
		runtime.Gosched()
	}
	close(release)
	all.Wait()
	if _, err := client.GetAuthorizationToken(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func TestFaultHoldUntilCountsAllCalls(t *testing.T) {
	s := awstest.New(t)
	client := newECR(t, s)
	s.Inject(awstest.Fault{HoldUntil: 2, Times: 1})
	s.Inject(awstest.Fault{Type: "ServerException"})
	var all sync.WaitGroup
	errs := make(chan error, 2)
	for range 2 {
		all.Go(func() {
			_, err := client.GetAuthorizationToken(t.Context(), nil)
			errs <- err
		})
	}
	all.Wait()
	if first, second := <-errs, <-errs; (first == nil) == (second == nil) {
		t.Errorf("errors = %v and %v, want one", first, second)
	}
}

// The credentials endpoints have different error formats.
func TestFaultOfCredentials(t *testing.T) {
	for name, tt := range map[string]struct {
		method, path, body string
	}{
		"container": {"GET", "/container", `{"code":"AccessDenied","message":"no"}`},
		"metadata":  {"PUT", "/latest/api/token", "no"},
		"SSO":       {"GET", "/federation/credentials", `{"__type":"AccessDenied","message":"no"}`},
		"SSO OIDC":  {"POST", "/token", `{"error":"access_denied","error_description":"no"}`},
	} {
		t.Run(name, func(t *testing.T) {
			s := awstest.New(t)
			s.Inject(awstest.Fault{Status: 403, Type: "AccessDenied", Message: "no"})
			req, err := http.NewRequestWithContext(t.Context(), tt.method, s.URL+tt.path, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := s.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != 403 || string(body) != tt.body {
				t.Errorf("response = %d %s, %v, want 403 %s", resp.StatusCode, body, err, tt.body)
			}
		})
	}
}

// TestFaultChance injects two faults, each with a chance, and expects the rest of the calls to be regular.
func TestFaultChance(t *testing.T) {
	const calls, chance = 2000, 0.3
	s := awstest.New(t)
	s.Inject(awstest.Fault{Status: 500, Chance: chance})
	s.Inject(awstest.Fault{Status: 503, Chance: chance})
	got := map[int]int{}
	for range calls {
		resp, err := http.Get(s.URL + "/container")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		got[resp.StatusCode]++
	}
	for status, want := range map[int]float64{500: chance, 503: (1 - chance) * chance, 200: (1 - chance) * (1 - chance)} {
		if share := float64(got[status]) / calls; share < want-0.06 || share > want+0.06 {
			t.Errorf("%.2f of the calls returned status %d, want %.2f", share, status, want)
		}
	}
	if affected := s.Affected(); len(affected) != 2 || affected[0] != got[500] || affected[1] != got[503] {
		t.Errorf("affected: %v, got %v", affected, got)
	}
}
