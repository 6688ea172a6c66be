package docker_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/credentials/docker"
	"ecrlogin/registry"
)

// A keychain is a slow Source of tokens that are valid for 10 s. It contains the delay of each call.
type keychain struct {
	delays []time.Duration
	calls  int
}

func (k *keychain) Token(context.Context, registry.Registry) (credentials.Token, error) {
	issued := time.Now()
	time.Sleep(k.delays[min(k.calls, len(k.delays)-1)])
	k.calls++
	return credentials.Token{Username: "AWS", Password: fmt.Sprint("password ", k.calls), Issued: issued, Expiry: issued.Add(10 * time.Second)}, nil
}

// A token that expires before it can be printed is fetched once more. If that token expires too, the error reports it.
func TestExpiresWhileFetched(t *testing.T) {
	const expired = host + ": two tokens expired while they were fetched; check the system clock and the response time of the credential store\n"
	answer := func(password string) outcome {
		return outcome{out: `{"ServerURL":"` + host + `","Username":"AWS","Secret":"` + password + `"}` + "\n"}
	}
	for _, tt := range []struct {
		delays []time.Duration
		want   outcome
	}{
		{[]time.Duration{8 * time.Second}, answer("password 1")},
		{[]time.Duration{9 * time.Second, 0}, answer("password 2")}, // within its margin of a second
		{[]time.Duration{11 * time.Second, 0}, answer("password 2")},
		{[]time.Duration{11 * time.Second}, outcome{expired, expired, 1}},
	} {
		synctest.Test(t, func(t *testing.T) {
			var out, errOut bytes.Buffer
			h := &docker.Helper{Source: &keychain{delays: tt.delays}}
			exit := h.Serve("get", strings.NewReader(host), &out, &errOut)
			if got := (outcome{out.String(), errOut.String(), exit}); got != tt.want {
				t.Errorf("after %s: got %+v\nwant %+v", tt.delays, got, tt.want)
			}
		})
	}
}
