package awstest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"ecrlogin/internal/awstest"
)

// isolate sets the environment of the test to an empty home directory, no AWS variables, and env.
func isolate(t *testing.T, env map[string]string) (home string) {
	t.Helper()
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "") // restores it afterwards
			os.Unsetenv(name)
		}
	}
	home = t.TempDir()
	t.Setenv("HOME", home)
	for name, value := range env {
		t.Setenv(name, value)
	}
	return home
}

// writeFile writes content to a file in dir and returns its path.
func writeFile(t *testing.T, dir, name, content string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// load returns the SDK's configuration from the environment, with the proxy of s and without retries.
func load(t *testing.T, s *awstest.Server, options ...func(*config.LoadOptions) error) aws.Config {
	t.Helper()
	options = append([]func(*config.LoadOptions) error{
		config.WithHTTPClient(wholeBodies{s.Client()}),
		config.WithRegion("us-west-2"),
		config.WithLogger(logging.Nop{}),
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
	}, options...)
	cfg, err := config.LoadDefaultConfig(t.Context(), options...)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// wholeBodies reads the bodies of requests before they are sent. With the SDK's own body type, about one percent of the
// requests fail if the response is fast, because net/http does not see that the body is at its end. Usually the SDK
// retries such requests.
type wholeBodies struct{ *http.Client }

func (c wholeBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return c.Client.Do(r)
}

// withKey makes the SDK use k instead of the environment.
func withKey(k awstest.Key) config.LoadOptionsFunc {
	return config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(k.ID, k.Secret, k.Session))
}

var defaultKey = awstest.Key{ID: awstest.KeyID, Secret: awstest.SecretKey, Account: awstest.Account}

// newECR returns a client with the default key.
func newECR(t *testing.T, s *awstest.Server) *ecr.Client {
	t.Helper()
	isolate(t, nil)
	return ecr.NewFromConfig(load(t, s, withKey(defaultKey)))
}

// callerARN returns the ARN of the identity in cfg, as returned by STS.
func callerARN(ctx context.Context, t *testing.T, cfg aws.Config) string {
	t.Helper()
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.Arn)
}

// normalized clears what varies, the times and user agents, and sets empty forms to nil.
func normalized(calls []awstest.Call) []awstest.Call {
	for i := range calls {
		calls[i].Time, calls[i].Agent = time.Time{}, ""
		if len(calls[i].Form) == 0 {
			calls[i].Form = nil
		}
	}
	return calls
}

// wantAPIError checks that err is an AWS error with code, and that its message contains message.
func wantAPIError(t *testing.T, err error, code, message string) {
	t.Helper()
	apiErr, ok := errors.AsType[smithy.APIError](err)
	if !ok || apiErr.ErrorCode() != code || !strings.Contains(apiErr.ErrorMessage(), message) {
		t.Errorf("error = %v, want %s: ...%s...", err, code, message)
	}
}

func TestStartErrors(t *testing.T) {
	busy := awstest.New(t)
	address := strings.TrimPrefix(busy.URL, "http://")
	for name, o := range map[string]awstest.Options{
		"no directory":      {},
		"missing directory": {Dir: filepath.Join(t.TempDir(), "missing")},
		"registry":          {Dir: t.TempDir(), Registry: address},
	} {
		t.Run(name, func(t *testing.T) {
			if s, err := awstest.Start(o); err == nil {
				s.Close()
				t.Fatalf("Start(%+v) = nil error", o)
			}
		})
	}
}

func TestCloseTwice(t *testing.T) {
	s := awstest.New(t)
	s.Close()
	s.Close()
}
