package awstest_test

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"ecrlogin/internal/awstest"
)

const (
	plainHost  = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	fipsHost   = "123456789012.dkr.ecr-fips.us-west-2.amazonaws.com"
	otherHost  = "210987654321.dkr.ecr.us-west-2.amazonaws.com"
	publicHost = "public.ecr.aws"
)

// push pushes an image to host/demo:v1.
func push(t *testing.T, s *awstest.Server, host, password string) error {
	t.Helper()
	image, err := random.Image(256, 1)
	if err != nil {
		t.Fatal(err)
	}
	return remote.Write(reference(t, host), image, options(t, s, password)...)
}

// pull pulls the image that push has pushed.
func pull(t *testing.T, s *awstest.Server, host, password string) error {
	t.Helper()
	image, err := remote.Image(reference(t, host), options(t, s, password)...)
	if err != nil {
		return err
	}
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	content, err := layers[0].Compressed()
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = io.Copy(io.Discard, content)
	return err
}

func reference(t *testing.T, host string) name.Reference {
	t.Helper()
	ref, err := name.ParseReference(host + "/demo:v1")
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// options returns the options of a client with this password. Without a password, the client is anonymous.
func options(t *testing.T, s *awstest.Server, password string) []remote.Option {
	auth := authn.Anonymous
	if password != "" {
		auth = &authn.Basic{Username: "AWS", Password: password}
	}
	return []remote.Option{remote.WithContext(t.Context()), remote.WithTransport(s.Client().Transport), remote.WithAuth(auth)}
}

func TestPushAndPull(t *testing.T) {
	s := awstest.New(t)
	password := s.IssueToken("us-west-2", false)
	for _, host := range []string{plainHost, otherHost, s.Registry} {
		if err := push(t, s, host, password); err != nil {
			t.Errorf("pushing to %s: %v", host, err)
		}
		if err := pull(t, s, host, password); err != nil {
			t.Errorf("pulling from %s: %v", host, err)
		}
	}
	if err := pull(t, s, fipsHost, password); err != nil {
		t.Errorf("pulling via another host of the same registry: %v", err)
	}
}

func TestRegistriesAreSeparate(t *testing.T) {
	s := awstest.New(t)
	password := s.IssueToken("us-west-2", false)
	if err := push(t, s, plainHost, password); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, pull(t, s, otherHost, password), http.StatusNotFound)
}

func TestRejectedTokens(t *testing.T) {
	for name, tt := range map[string]struct {
		password func(*awstest.Server) string
		status   int
	}{
		"none":    {func(s *awstest.Server) string { return "" }, 401},
		"unknown": {func(s *awstest.Server) string { return "invented" }, 401},
		"expired": {func(s *awstest.Server) string {
			s.SetTokenLifetime(time.Hour)
			password := s.IssueToken("us-west-2", false)
			s.SetClock(func() time.Time { return time.Now().Add(time.Hour) })
			return password
		}, 401},
		"another region": {func(s *awstest.Server) string { return s.IssueToken("us-east-1", false) }, 403},
		"public":         {func(s *awstest.Server) string { return s.IssueToken("us-west-2", true) }, 403},
	} {
		t.Run(name, func(t *testing.T) {
			s := awstest.New(t)
			wantStatus(t, pull(t, s, plainHost, tt.password(s)), tt.status)
		})
	}
}

// wantStatus checks that err is an error of the registry with this status.
func wantStatus(t *testing.T, err error, status int) {
	t.Helper()
	registryErr, ok := errors.AsType[*transport.Error](err)
	if !ok || registryErr.StatusCode != status {
		t.Errorf("error = %v, want status %d", err, status)
	}
}

func TestChallenge(t *testing.T) {
	s := awstest.New(t)
	resp, err := s.Client().Get("https://" + plainHost + "/v2/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	want := `Basic realm="https://` + plainHost + `/",service="ecr.amazonaws.com"`
	if got := resp.Header.Get("Www-Authenticate"); resp.StatusCode != 401 || got != want {
		t.Errorf("status = %d, challenge = %q, want 401, %q", resp.StatusCode, got, want)
	}
}

func TestPublicRegistry(t *testing.T) {
	s := awstest.New(t)
	wantStatus(t, push(t, s, publicHost, ""), 401)
	if err := push(t, s, publicHost, s.IssueToken("us-east-1", true)); err != nil {
		t.Fatal(err)
	}
	if err := pull(t, s, publicHost, ""); err != nil {
		t.Errorf("pulling anonymously: %v", err)
	}
	if err := pull(t, s, "ecr-public.aws.com", s.IssueToken("us-east-1", true)); err != nil {
		t.Errorf("pulling via the dual-stack host: %v", err)
	}
	wantStatus(t, pull(t, s, publicHost, s.IssueToken("us-east-1", false)), 403)
}
