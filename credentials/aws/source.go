// Package aws is the Source that asks Amazon ECR and Amazon ECR Public for a token, as whatever identity the chain of
// the AWS SDK finds. It is the only package of the product that knows the SDK.
package aws

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/smithy-go/middleware"

	"ecrlogin/credentials"
	"ecrlogin/registry"
)

// Source asks AWS for a new token each time. It reads the environment and the AWS files afresh for every token, keeps
// nothing, and may be used by many goroutines at once. The zero Source is ready to use.
type Source struct {
	// Identity tells whom to ask as for a registry; nil, or a zero Identity, is the SDK's own choice.
	Identity func(registry.Registry) credentials.Identity
	// WebIdentity, if not nil, is whom every token is asked for as, in place of the Identity.
	WebIdentity *WebIdentity
	// Log gets what was tried and how long it took, never a secret; nil discards it.
	Log *slog.Logger
}

// Token implements credentials.Source. The region is the registry's; the identity is that of Identity. A profile of it comes before
// the environment; without one, the SDK's order is environment, web identity, profile, container endpoint, EC2 metadata. A
// role of it is assumed with that. Throttling and answers of 5xx are
// tried again, six times in all if ctx lasts, nothing else is. Without a deadline in ctx, a program that the AWS configuration
// names as credential_process may take a minute.
func (s *Source) Token(ctx context.Context, r registry.Registry) (credentials.Token, error) {
	try := s.try(r)
	token, err := try.token(ctx)
	if err != nil {
		return credentials.Token{}, try.explain(ctx, err)
	}
	return token, nil
}

func (s *Source) try(r registry.Registry) *try {
	t := &try{registry: r, web: s.WebIdentity, log: s.log().With("registry", r.Host), started: time.Now()}
	if s.Identity != nil && t.web == nil {
		t.wanted = s.Identity(r)
	}
	return t
}

func (s *Source) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}

// A try is one attempt at a token, with what is known of it so far: an error can be explained only by what had been
// reached when it came.
type try struct {
	registry registry.Registry
	log      *slog.Logger
	started  time.Time
	wanted   credentials.Identity // who is to ask, as far as the user's configuration tells
	web      *WebIdentity         // who is to ask instead; nil for nobody
	identity identity             // who asks, as far as the AWS configuration tells
	process  *process             // runs the credential_process of that identity; nil if it has none
	shared   config.SharedConfig  // what the AWS files say, once they have been read
	last     atomic.Pointer[sent] // the last request to AWS, for telling what a deadline interrupted
	secrets  secrets              // what no error and no log may have
}

func (t *try) token(ctx context.Context) (credentials.Token, error) {
	cfg, err := t.identify(ctx)
	if err != nil {
		return credentials.Token{}, err
	}
	began := time.Now()
	got, err := ask(ctx, cfg, t.registry)
	if err != nil {
		return credentials.Token{}, err
	}
	token, err := got.token(time.Now().UTC())
	if err != nil {
		return credentials.Token{}, err
	}
	token.As = t.identity.label
	t.log.Info("token issued", "expiry", token.Expiry, "took", time.Since(began))
	return token, nil
}

// identify finds out who asks, and returns a configuration whose credentials are at hand. ECR would retrieve them by itself;
// doing it first keeps "who are you" apart from "may you".
func (t *try) identify(ctx context.Context) (awssdk.Config, error) {
	t.identity = identityFromEnv(t.wanted.Profile)
	cfg, err := t.load(ctx)
	if err != nil {
		return awssdk.Config{}, err
	}
	if t.web != nil {
		return cfg, t.assumeWithWebIdentity(ctx, &cfg)
	}
	t.identity = identityOf(cfg, t.wanted.Profile)
	if t.identity.command != "" {
		t.process = &process{command: t.identity.command, ctx: ctx}
		defer t.process.wait()
	}
	cfg.Credentials = t.replace(cfg.Credentials)
	t.log.Debug("AWS configuration loaded", "identity", t.identity.label, "took", time.Since(t.started))

	began := time.Now()
	keys, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return awssdk.Config{}, &identityError{err}
	}
	t.secrets.addKeys(keys)
	t.log.Info("AWS credentials found", "identity", t.identity.label, "took", time.Since(began))
	if t.wanted.RoleARN != "" {
		err = t.assume(ctx, &cfg)
	}
	return cfg, err
}

// load reads the AWS configuration. It sends nothing, except where AWS_DEFAULTS_MODE=auto asks for the metadata service.
func (t *try) load(ctx context.Context) (awssdk.Config, error) {
	metadata := new(metadataClient)
	cfg, err := config.LoadDefaultConfig(ctx,
		config.WithSharedConfigProfile(t.wanted.Profile),
		config.WithRegion(t.registry.Region),
		config.WithHTTPClient(apiClient()),
		config.WithRetryer(newRetryer),
		config.WithAPIOptions([]func(*middleware.Stack) error{t.trace, wholeBodies}),
		config.WithLogger(sdkLogger{t}),
		config.WithEC2RoleCredentialOptions(func(o *ec2rolecreds.Options) { o.Client = metadata }),
		config.WithEndpointCredentialOptions(func(o *endpointcreds.Options) { o.HTTPClient = localClient(apiHeaderTimeout) }),
		t.withoutProcess,
	)
	if err != nil {
		t.identity, t.shared = identityUnloaded(t.wanted.Profile, err)
		return awssdk.Config{}, &identityError{err}
	}
	_, t.shared = sourcesOf(cfg)
	metadata.Client = imds.NewFromConfig(cfg, func(o *imds.Options) { o.HTTPClient = localClient(metadataHeaderTimeout) })
	return cfg, nil
}

// A metadataClient is filled in once the configuration that it needs is there; nothing asks it before.
type metadataClient struct{ *imds.Client }

// newRetryer retries what may mend itself within seconds: throttling and answers of 5xx. A connection that fails or
// an answer that does not come is told at once, since the SDK's usual retries turn it into a hang.
func newRetryer() awssdk.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 6
		o.Backoff = retry.BackoffDelayerFunc(backoff)
		o.Retryables = []retry.IsErrorRetryable{
			retry.NoRetryCanceledError{},
			retry.RetryableErrorCode{Codes: retry.DefaultThrottleErrorCodes},
			retry.IsErrorRetryableFunc(func(err error) awssdk.Ternary {
				return awssdk.BoolTernary(statusCode(err) >= 500)
			}),
		}
	})
}

// backoff doubles from 0.2 to 2 seconds and takes between half and all of that, so that machines which were refused
// together do not come back together. Six attempts are over after 2.5 to 5 seconds of waiting.
func backoff(attempt int, _ error) (time.Duration, error) {
	longest := min(100*time.Millisecond<<min(attempt, 5), 2*time.Second)
	return longest/2 + rand.N(longest/2), nil
}
