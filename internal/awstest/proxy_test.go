package awstest_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ecrlogin/internal/awstest"
)

func TestProxy(t *testing.T) {
	s := awstest.New(t)
	for target, want := range map[string]int{
		"https://gcr.io/v2/":                           http.StatusNotFound, // no AWS operations
		"https://gcr.io:8443/v2/":                      http.StatusNotFound,
		"https://" + plainHost + "/v2/":                http.StatusUnauthorized,
		"https://api.ecr.us-west-2.amazonaws.com/":     http.StatusNotFound,
		"https://portal.sso.us-west-2.amazonaws.com/x": http.StatusNotFound,
	} {
		s.ResetCalls()
		resp, err := s.Client().Get(target)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("GET %s = %d, want %d", target, resp.StatusCode, want)
		}
		u, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{u.Host}, s.DialedHosts()); diff != "" {
			t.Errorf("dialed hosts for %s (-want +got):\n%s", target, diff)
		}
	}
}

// TestResetCallsIgnoresOpenConnections resets the calls between a connection and its CONNECT request, as if the machine
// were busy.
func TestResetCallsIgnoresOpenConnections(t *testing.T) {
	s := awstest.New(t)
	for range 20 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.Proxy, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		s.ResetCalls()
		if _, err := io.WriteString(conn, "CONNECT gcr.io:443 HTTP/1.1\r\nHost: gcr.io:443\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatal(resp, err)
		}
		if hosts := s.DialedHosts(); len(hosts) != 0 {
			t.Errorf("dialed %q after the reset", hosts)
		}
		conn.Close()
	}
}

func TestProxyRejectsPlainHTTP(t *testing.T) {
	s := awstest.New(t)
	proxy, err := url.Parse(s.Proxy)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy), DisableKeepAlives: true}}
	resp, err := client.Get("http://api.ecr.us-west-2.amazonaws.com/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("status = %d, want 400", resp.StatusCode)
	}
}
