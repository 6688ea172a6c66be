package docker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"ecrlogin/credentials"
	"ecrlogin/credentials/docker"
	"ecrlogin/registry"
)

const secret = "a-secret-that-stands-nowhere-else"

// generous has a token for every registry.
type generous struct{}

func (generous) Token(context.Context, registry.Registry) (credentials.Token, error) {
	return credentials.Token{Username: "AWS", Password: secret}, nil
}

// FuzzServe checks for any standard input what clients rely on: a password is printed only with exit code 0, only for
// an ECR host, and as exactly one JSON value that contains the requested host; list and erase never fail.
func FuzzServe(f *testing.F) {
	for _, action := range []string{"get", "list", "store", "erase"} {
		for _, in := range []string{"", host, "https://" + host + "/v2/\n", "ghcr.io", host + "\n.example.com", "\x00", `{"ServerURL":"` + host + `","Username":"AWS","Secret":"x"}`} {
			f.Add(action, in)
		}
	}
	f.Fuzz(func(t *testing.T, action, in string) {
		var out, errOut bytes.Buffer
		exit := (&docker.Helper{Source: generous{}, Notices: &errOut}).Serve(action, strings.NewReader(in), &out, &errOut)
		leaked := strings.Contains(out.String()+errOut.String(), secret)
		switch {
		case action == "list" && (exit != 0 || out.String() != "{}\n"), action == "erase" && (exit != 0 || out.Len() != 0):
			t.Errorf("%s: exit %d, stdout %q", action, exit, out.String())
		case !leaked:
			return
		case action != "get" || exit != 0 || strings.Contains(errOut.String(), secret):
			t.Errorf("%s with %q: exit %d and a password", action, in, exit)
		}
		dec := json.NewDecoder(&out)
		var answer struct{ ServerURL, Username, Secret string }
		if err := dec.Decode(&answer); err != nil {
			t.Fatalf("get %q: %v", in, err)
		}
		if _, err := dec.Token(); err != io.EOF {
			t.Errorf("get %q: more than one JSON value", in)
		}
		if _, err := registry.Parse(answer.ServerURL); err != nil {
			t.Errorf("get %q: a password for %q: %v", in, answer.ServerURL, err)
		}
	})
}
