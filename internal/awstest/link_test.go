package awstest_test

import (
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// A request takes as many round trips as on a network: connect, CONNECT, TLS, request.
func TestLink(t *testing.T) {
	const roundTrip = 20 * time.Millisecond
	s := awstest.New(t)
	for _, tt := range []struct {
		name, target, url string
		proxied           bool
		trips             int
	}{
		{"proxy", s.Proxy, "https://api.ecr.us-west-2.amazonaws.com/", true, 4},
		{"TLS", s.SecureURL, "https://ADDRESS/", false, 3},
		{"HTTP", s.URL, "http://ADDRESS/", false, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := awstest.NewLink(t, tt.target, roundTrip)
			transport := s.Client().Transport.(*http.Transport).Clone()
			transport.Proxy = nil
			if tt.proxied {
				transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: l.Address})
			}
			u, err := url.Parse(tt.url)
			if err != nil {
				t.Fatal(err)
			}
			if u.Host == "ADDRESS" {
				u.Host = l.Address
			}
			client := &http.Client{Transport: transport}
			for _, trips := range []int{tt.trips, 1} { // the second request uses the connection of the first
				before, began := l.Trips(), time.Now()
				resp, err := client.Get(u.String())
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if took := time.Since(began); took < time.Duration(trips)*roundTrip {
					t.Errorf("the request took %s, less than %d round trips", took, trips)
				}
				if got := l.Trips() - before; got != trips {
					t.Errorf("%d round trips, want %d", got, trips)
				}
			}
			if n := l.OpenConns(); n != 1 {
				t.Errorf("%d open connections, want 1", n)
			}
			transport.CloseIdleConnections()
			l.ResetTrips()
			if n := l.Trips(); n != 0 {
				t.Errorf("%d round trips after the reset", n)
			}
		})
	}
}

// Close ends the connections, and a listener that refuses connections ends them too.
func TestLinkEnds(t *testing.T) {
	s := awstest.New(t)
	l := awstest.NewLink(t, s.URL, time.Hour)
	failed := make(chan error, 1)
	go func() {
		_, err := http.Get("http://" + l.Address)
		failed <- err
	}()
	l.Close()
	if err := <-failed; err == nil {
		t.Error("a response after Close")
	}
	refused := awstest.NewLink(t, "127.0.0.1:1", time.Hour)
	if resp, err := http.Get("http://" + refused.Address); err == nil {
		resp.Body.Close()
		t.Error("a response although the listener refuses connections")
	}
}

// After Hang, a connection that is open gets no response, and a new one works.
func TestLinkHangs(t *testing.T) {
	l := awstest.NewLink(t, awstest.New(t).URL, 0)
	get := func(transport *http.Transport) error {
		client := &http.Client{Transport: transport, Timeout: 200 * time.Millisecond}
		resp, err := client.Get("http://" + l.Address)
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		return err
	}
	open := new(http.Transport)
	if err := get(open); err != nil {
		t.Fatal(err)
	}
	l.Hang()
	if err := get(open); err == nil || !err.(*url.Error).Timeout() {
		t.Errorf("with the open connection: %v, want a timeout", err)
	}
	if err := get(new(http.Transport)); err != nil {
		t.Errorf("with a new connection: %v", err)
	}
}
