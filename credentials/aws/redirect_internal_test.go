package aws

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"ecrlogin/internal/environ"
)

// A redirect to another server, with one step or two, does not carry the secrets of the request. Only redirects that
// keep the method are followed.
func TestRedirectWithoutSecrets(t *testing.T) {
	var got http.Header
	receive := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header })
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/twice" {
			http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
			return
		}
		receive(w, r)
	}))
	defer target.Close()
	status, location := 0, ""
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			receive(w, r)
			return
		}
		http.Redirect(w, r, location, status)
	}))
	defer api.Close()
	secrets := []string{"Authorization", "X-Amz-Security-Token", "X-Amz-Sso_bearer_token"} // as SigV4 and SSO send them
	for _, tt := range []struct {
		status   int
		location string
		want     []string // secrets that the target received; nil if it received no request
	}{
		{http.StatusTemporaryRedirect, "/same", secrets},
		{http.StatusTemporaryRedirect, target.URL, []string{}},
		{http.StatusPermanentRedirect, target.URL, []string{}},
		{http.StatusTemporaryRedirect, target.URL + "/twice", []string{}},
		{http.StatusFound, target.URL, nil},
	} {
		transport := newTransport(environ.Env{"SSL_CERT_FILE=/nonexistent"})
		got, status, location = nil, tt.status, tt.location
		req, err := http.NewRequest(http.MethodGet, api.URL+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range secrets {
			req.Header.Set(name, "hunter2")
		}
		resp, err := transport.client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		transport.close()
		if (got == nil) != (tt.want == nil) {
			t.Errorf("%d to %s: headers %v", tt.status, tt.location, got)
		}
		for _, name := range secrets {
			if sent := got.Get(name) != ""; sent != slices.Contains(tt.want, name) {
				t.Errorf("%d to %s: %s sent: %v", tt.status, tt.location, name, sent)
			}
		}
	}
}
