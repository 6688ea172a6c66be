package awstest_test

import (
	"net/http"
	"net/url"
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
