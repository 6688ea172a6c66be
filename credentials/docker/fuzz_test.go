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

// recorder is a TokenStore that records what is stored and deleted.
type recorder struct {
	kept    []credentials.Token
	keptFor []registry.Registry
	dropped []string
}

func (r *recorder) Keep(reg registry.Registry, t credentials.Token) error {
	r.keptFor, r.kept = append(r.keptFor, reg), append(r.kept, t)
	return nil
}

func (*recorder) Hosts() map[string]string { return map[string]string{host: "AWS"} }

func (r *recorder) Drop(host string) error {
	r.dropped = append(r.dropped, host)
	return nil
}

// A served is the result of one action.
type served struct {
	recorder
	out, errOut string
	exit        int
}

// serveAny serves an action for any input, and checks that standard error contains no password and consists of lines of
// text.
func serveAny(t *testing.T, action, in string) *served {
	t.Helper()
	s := &served{}
	var out, errOut bytes.Buffer
	h := &docker.Helper{Source: generous{}, Tokens: &s.recorder, Notices: &errOut}
	s.exit = h.Serve(action, strings.NewReader(in), &out, &errOut)
	s.out, s.errOut = out.String(), errOut.String()
	if strings.Contains(s.errOut, secret) {
		t.Errorf("%s %q: standard error contains the password", action, in)
	}
	if s.exit != 0 && strings.Count(strings.TrimSuffix(s.out, "\n"), "\n") > 0 {
		t.Errorf("%s %q: an error of several lines: %q", action, in, s.out)
	}
	return s
}

// unusual are inputs that every action may receive.
var unusual = []string{
	"", "\n", host, "https://" + host + "/v2/\n", "HTTP://" + host, host + ":443", "ghcr.io", "public.ecr.aws", host + "\n.example.com",
	host + "\r\nghcr.io", "\x00", "\ufeff" + host, strings.Repeat("a", 5000), login(host, "AWS", "x"),
}

// FuzzGet checks for any input what clients rely on: a password is printed only with exit code 0, only for an ECR host,
// as exactly one JSON value that contains the host as it was sent. Nothing is stored or deleted.
func FuzzGet(f *testing.F) {
	for _, in := range unusual {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		s := serveAny(t, "get", in)
		if len(s.kept)+len(s.dropped) > 0 {
			t.Errorf("get %q: %+v", in, s.recorder)
		}
		if s.exit != 0 {
			if strings.Contains(s.out, secret) {
				t.Errorf("get %q: a password and exit code %d", in, s.exit)
			}
			return
		}
		dec := json.NewDecoder(strings.NewReader(s.out))
		var answer struct{ ServerURL, Username, Secret string }
		if err := dec.Decode(&answer); err != nil {
			t.Fatalf("get %q: %v", in, err)
		}
		if _, err := dec.Token(); err != io.EOF {
			t.Errorf("get %q: more than one JSON value", in)
		}
		if _, err := registry.Parse(answer.ServerURL); err != nil || answer.ServerURL != strings.TrimSpace(in) ||
			answer.Username != "AWS" || answer.Secret != secret {
			t.Errorf("get %q: got %s, %v", in, s.out, err)
		}
	})
}

// FuzzStore checks for any input that a password is stored only for an ECR host, with the user name of ECR and before
// its expiration, and that it is the password in the input. The password is never printed.
func FuzzStore(f *testing.F) {
	for _, in := range unusual {
		f.Add(in)
	}
	const valid = "eyJwYXlsb2FkIjoieCIsImV4cGlyYXRpb24iOjQxMDI0NDQ4MDB9" // {"payload":"x","expiration":4102444800}
	const expired = "eyJwYXlsb2FkIjoieCIsImV4cGlyYXRpb24iOjF9"
	for _, serverURL := range []string{host, "https://" + host + "/", "http://" + host, "ghcr.io", ""} {
		for _, password := range []string{valid, expired, "x", ""} {
			f.Add(login(serverURL, "AWS", password))
		}
	}
	f.Add(login(host, "user", valid))
	f.Add(strings.ToLower(login(host, "AWS", valid)))
	f.Add(login(host, "AWS", valid) + login(host, "AWS", valid))
	f.Fuzz(func(t *testing.T, in string) {
		s := serveAny(t, "store", in)
		var sent struct{ ServerURL, Username, Secret string }
		parsed := json.NewDecoder(strings.NewReader(in)).Decode(&sent) == nil // as docker-credential-helpers, the first value
		if len(sent.Secret) > 20 && strings.Contains(s.out+s.errOut, sent.Secret) && !strings.Contains(sent.ServerURL+sent.Username, sent.Secret) {
			t.Errorf("store %q: the password is printed: %q", in, s.out+s.errOut)
		}
		if s.exit == 0 && s.out != "" || s.exit != 0 && s.out == "" || len(s.dropped) > 0 {
			t.Errorf("store %q: %+v", in, s)
		}
		for i, token := range s.kept {
			r, err := registry.Parse(sent.ServerURL)
			if !parsed || err != nil || r != s.keptFor[i] || s.exit != 0 || len(s.kept) > 1 || sent.Username != "AWS" ||
				token.Password != sent.Secret || !token.Expiry.After(token.Issued) {
				t.Errorf("store %q: stored %v for %s", in, token, s.keptFor[i])
			}
		}
	})
}

// FuzzErase checks for any input that erase does not fail and prints no response, and that it deletes only the tokens
// of the ECR host in the input.
func FuzzErase(f *testing.F) {
	for _, in := range unusual {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		s := serveAny(t, "erase", in)
		if s.exit != 0 || s.out != "" || len(s.kept) > 0 || len(s.dropped) > 1 {
			t.Errorf("erase %q: %+v", in, s)
		}
		for _, dropped := range s.dropped {
			trimmed := strings.TrimSpace(in)
			if plain := "http://"; len(trimmed) > len(plain) && strings.EqualFold(trimmed[:len(plain)], plain) {
				trimmed = trimmed[len(plain):]
			}
			if r, err := registry.Parse(trimmed); err != nil || r.Host != dropped {
				t.Errorf("erase %q: deleted %s", in, dropped)
			}
		}
	})
}

// FuzzList checks that the input has no effect on list, which some clients send one to.
func FuzzList(f *testing.F) {
	for _, in := range unusual {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if s := serveAny(t, "list", in); s.exit != 0 || s.out != `{"`+host+`":"AWS"}`+"\n" || s.errOut != "" || len(s.kept)+len(s.dropped) > 0 {
			t.Errorf("list %q: %+v", in, s)
		}
	})
}

// FuzzAction checks that no other action does anything.
func FuzzAction(f *testing.F) {
	for _, action := range []string{"", "\n", "Get", "get ", "--version", "version", "login"} {
		f.Add(action, host)
	}
	f.Fuzz(func(t *testing.T, action, in string) {
		switch action {
		case "get", "store", "erase", "list", "version":
			return
		}
		if s := serveAny(t, action, in); s.exit == 0 || strings.Contains(s.out, secret) || len(s.kept)+len(s.dropped) > 0 {
			t.Errorf("%q %q: %+v", action, in, s)
		}
	})
}
