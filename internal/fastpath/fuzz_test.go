package fastpath

import (
	"bytes"
	"context"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/credentials/docker"
	"ecrlogin/credentials/kubelet"
	"ecrlogin/internal/environ"
	"ecrlogin/internal/store"
	"ecrlogin/registry"
)

// fixed has the same token for every registry.
type fixed struct{ token credentials.Token }

func (f fixed) Token(context.Context, registry.Registry) (credentials.Token, error) {
	return f.token, nil
}

// variable matches the part of a response to the kubelet that depends on the time.
var variable = regexp.MustCompile(`"cacheDuration":"[^"]*"`)

// FuzzRespond checks for any input of both protocols that the fast path returns the same bytes and the same exit code
// as the slow path, if it returns anything. Without a configuration, one host has a cached token.
func FuzzRespond(f *testing.F) {
	for _, in := range []string{
		ecr, "https://" + ecr, strings.ToUpper(ecr) + ":443/v2/\r\n", "http://" + ecr, "ghcr.io", "", "\n", "{", ecr + "\nghcr.io", "\x00",
		"\u0085" + ecr, "https://ecr-login.invalid/" + ecr + "/x", "public.ecr.aws", "user:password@" + ecr,
	} {
		f.Add(in, false)
	}
	const request = `{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"`
	for _, image := range []string{ecr + "/app:v1", ecr, "ghcr.io/a/b", "https://" + ecr + "/a", ecr + ":443/a@sha256:0", "\\u0031"} {
		f.Add(request+image+"\"}\n", true)
	}
	now := time.Now().Truncate(time.Second)
	token := credentials.Token{Username: "AWS", Password: "password", Issued: now.UTC(), Expiry: now.Add(12 * time.Hour).UTC()}
	home := f.TempDir()
	env := environ.Env{"HOME=" + home, "AWS_ECR_CACHE_DIR=" + filepath.Join(home, "cache")}
	s, err := store.Create(store.Dir(env, ""), env)
	if err != nil {
		f.Fatal(err)
	}
	defer s.Close()
	err = s.Save(store.Entry{
		Host: ecr, Account: ecr[:12], Region: "us-west-2", Origin: ecr, IssuedTo: "test", Username: token.Username,
		Password: token.Password, Issued: token.Issued.Unix(), Expiry: token.Expiry.Unix(),
	}, store.Login)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, in string, ofKubelet bool) {
		q := &query{env: env, kubelet: ofKubelet, defaultDir: store.Dir(env, "")}
		got, exit, ok := q.respond(in)
		if held.path != "" { // another host: the fast path would continue in main with its lock
			held.unlock()
			held.path = ""
		}
		if !ok {
			return
		}
		var want, errOut bytes.Buffer
		source, wantExit := fixed{token}, 0
		if ofKubelet {
			wantExit = (&kubelet.Provider{Source: source}).Serve(strings.NewReader(in), &want, &errOut)
		} else {
			wantExit = (&docker.Helper{Source: source}).Serve("get", strings.NewReader(in), &want, &errOut)
		}
		slow := variable.ReplaceAllString(want.String(), "")
		if fast := variable.ReplaceAllString(string(got), ""); fast != slow || exit != wantExit || errOut.Len() > 0 {
			t.Errorf("%q: the fast path returned %q, %d; the slow path %q, %d, %q", in, fast, exit, slow, wantExit, errOut.String())
		}
	})
}
