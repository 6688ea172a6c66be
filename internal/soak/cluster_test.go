package main

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// manifest returns a Secret with passwords by host.
func manifest(t *testing.T, passwords map[string]string) []byte {
	t.Helper()
	auths := map[string]map[string]string{}
	for host, password := range passwords {
		auths[host] = map[string]string{"auth": base64.StdEncoding.EncodeToString([]byte("AWS:" + password))}
	}
	config, err := json.Marshal(map[string]any{"auths": auths})
	if err != nil {
		t.Fatal(err)
	}
	content, err := json.Marshal(map[string]any{"data": map[string][]byte{".dockerconfigjson": config}})
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestCheckSecret passes each kind of fault to the check of a Secret.
func TestCheckSecret(t *testing.T) {
	c := &cluster{wants: map[string]awstest.IssuedToken{west: {Region: "us-west-2", ARN: arnOf(awstest.Account)}}}
	for _, tt := range []struct {
		password string
		expired  bool
		want     string // in the error; "" for none
	}{
		{right, false, ""},
		{"expired", true, ""},
		{"other region", false, "for eu-west-1"},
		{"other account", false, "a password of"},
		{"unknown", false, "has not issued"},
		{"", false, "contains no password"},
	} {
		passwords := map[string]string{}
		if tt.password != "" {
			passwords[west] = tt.password
		}
		expired, err := c.checkSecret(newIssued(time.Now()), manifest(t, passwords))
		if expired != tt.expired || (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: expired %t, %v", tt.password, expired, err)
		}
	}
}

// TestUnusableSecret reports a namespace that has had no valid Secret for too long.
func TestUnusableSecret(t *testing.T) {
	f := newFaults(io.Discard)
	c := (&soak{cloud: awstest.New(t), faults: f}).newCluster()
	defer c.close()
	c.checkSecrets()
	if err := f.err(); err != nil || len(c.unusable) != 5 {
		t.Fatalf("new namespaces: %v, %v", err, c.unusable)
	}
	for name := range c.unusable {
		c.unusable[name] = time.Now().Add(-longest - time.Second)
	}
	c.checkSecrets()
	if f.err() == nil {
		t.Error("namespaces without a Secret are not reported")
	}
}

// TestAPIServerPreconditions checks the preconditions of writes, on which ecr-token-refresh relies.
func TestAPIServerPreconditions(t *testing.T) {
	c := (&soak{cloud: awstest.New(t), faults: newFaults(io.Discard)}).newCluster()
	defer c.close()
	patch := func(namespace, body, query string) int {
		t.Helper()
		for {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPatch,
				c.server.URL+"/api/v1/namespaces/"+namespace+"/secrets/regcred?"+query, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := c.server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusServiceUnavailable { // at random
				return resp.StatusCode
			}
		}
	}
	c.api.terminate("team-2")
	for _, tt := range []struct {
		namespace, body, query string
		want                   int
	}{
		{"none", `{}`, "", 404},
		{"team-2", `{}`, "", 403},
		{"team-1", `{}`, "dryRun=All", 404},
		{"team-1", `{"metadata":{"uid":"other"}}`, "", 409},
		{"team-1", `{"metadata":{"resourceVersion":"1"}}`, "", 200},
		{"team-1", `{"metadata":{"resourceVersion":"1"}}`, "", 409},
		{"team-1", `{"metadata":{"uid":"other"}}`, "", 409},
		{"team-1", `{}`, "dryRun=All", 200},
	} {
		if got := patch(tt.namespace, tt.body, tt.query); got != tt.want {
			t.Errorf("%s in %s with %q: status %d, want %d", tt.body, tt.namespace, tt.query, got, tt.want)
		}
	}
}
