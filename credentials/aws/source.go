// Package aws implements credentials.Source with the AWS SDK. It gets tokens from Amazon ECR and Amazon ECR Public
// with the identity that the SDK's credential chain finds. It is the only package of the product that imports the SDK.
package aws

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"ecrlogin/credentials"
	"ecrlogin/internal/environ"
	"ecrlogin/registry"
)

// Source gets a new token from AWS on each call. It reads the environment and the AWS files for every token and caches
// nothing. It is safe for concurrent use. The zero Source is ready to use.
type Source struct {
	// Identity returns the identity to use for a registry. If it is nil or returns a zero Identity, the SDK chooses.
	Identity func(registry.Registry) credentials.Identity
	// WebIdentity, if not nil, is used for every token instead of Identity. The Policy that Identity returns limits its
	// role too.
	WebIdentity *credentials.WebIdentity
	// PublicTimeout is the time limit for calling Amazon ECR Public, with all attempts, after the identity has been found.
	// It is for clients that continue without a password. 0 means the deadline of the context.
	PublicTimeout time.Duration
	// AppID is the application ID in the user agent of all requests, as in CloudTrail, unless the user sets one:
	// AWS_SDK_UA_APP_ID, or sdk_ua_app_id in a profile. Invalid characters become "-", and it ends after 50 characters.
	// "" for none.
	AppID string
	// Log records each step and its duration, never a secret. A nil Log discards them.
	Log *slog.Logger
}

// Token implements credentials.Source. It uses the registry's region and the identity that s.Identity returns. A
// profile in that identity takes precedence over the environment. Without a profile, the SDK looks at the environment,
// web identity, profile, container endpoint and EC2 metadata, in this order. A role in that identity is assumed with
// these credentials.
//
// Token retries throttling and 5xx responses, up to six attempts within the deadline of ctx. Without a deadline, a
// credential_process may take one minute.
func (s *Source) Token(ctx context.Context, r registry.Registry) (credentials.Token, error) {
	try := s.try(r)
	defer try.close()
	token, err := try.token(ctx)
	return token, try.explain(ctx, err)
}

// CacheKey returns a hash of the identity that the Source uses for a registry; "" if the SDK chooses. Package cache
// uses it to distinguish tokens.
func (s *Source) CacheKey(r registry.Registry) string {
	wanted := s.wanted(r)
	if s.WebIdentity == nil && wanted == (credentials.Identity{}) {
		return ""
	}
	token := ""
	if s.WebIdentity != nil {
		token = s.WebIdentity.Token
	}
	b, err := json.Marshal([]any{wanted, s.WebIdentity, token})
	if err != nil {
		panic(err) // the types contain only strings and numbers
	}
	return fmt.Sprintf("%x", sha256.Sum256(b))
}

func (s *Source) try(r registry.Registry) *try {
	log := cmp.Or(s.Log, slog.New(slog.DiscardHandler)).With("registry", r.Host)
	t := &try{registry: r, web: s.WebIdentity, log: log, started: time.Now(), environ: environ.Process(), appID: s.AppID}
	if r.Public {
		t.limit = s.PublicTimeout
	}
	t.last.Store(new(sentRequest))
	t.env, _ = config.NewEnvConfig() // load returns the error again
	t.wanted = s.wanted(r)
	return t
}

// wanted returns the identity in the configuration for a registry. With a web identity, it has only the policy.
func (s *Source) wanted(r registry.Registry) credentials.Identity {
	var id credentials.Identity
	if s.Identity != nil {
		id = s.Identity(r)
	}
	if s.WebIdentity != nil {
		return credentials.Identity{Policy: id.Policy}
	}
	return id
}

// A try is one attempt to get a token. It records the progress, because the explanation of an error depends on the
// step that failed.
type try struct {
	registry registry.Registry
	log      *slog.Logger
	limit    time.Duration // for calling the registry's API; 0 for none but the deadline
	ended    error         // why a call ended, if it took longer than limit
	started  time.Time
	wanted   credentials.Identity        // identity in the configuration of ecr-login
	web      *credentials.WebIdentity    // identity to use instead; may be nil
	identity identity                    // identity in the AWS configuration
	appID    string                      // see Source
	process  *process                    // runs the credential_process of that identity; nil if there is none
	environ  environ.Env                 // of this process
	env      config.EnvConfig            // what the SDK reads from it
	shared   config.SharedConfig         // content of the AWS files, once loaded
	keys     awssdk.Credentials          // AWS credentials, once retrieved
	last     atomic.Pointer[sentRequest] // the last request to AWS, for the error about a deadline
	secrets  secrets                     // must not appear in errors or logs

	transport *transport // of cfg.HTTPClient; nil for a client of the SDK
}

// close closes all connections.
func (t *try) close() {
	if t.transport != nil {
		t.transport.close()
	}
}

func (t *try) token(ctx context.Context) (credentials.Token, error) {
	cfg, err := t.identify(ctx, callRegistry)
	if err != nil {
		return credentials.Token{}, err
	}
	began := time.Now()
	if t.limit > 0 {
		limited, cancel := context.WithTimeout(ctx, t.limit)
		defer cancel()
		defer func() { t.ended = limited.Err() }()
		ctx = limited
	}
	token, err := requestToken(ctx, cfg, t.registry)
	if err != nil {
		return credentials.Token{}, err
	}
	token.IssuedTo = t.identity.label
	t.log.Info("token issued", "expiry", token.Expiry, "took", time.Since(began))
	return token, nil
}

// identify returns an AWS configuration whose credentials have been retrieved. The ECR client would retrieve them
// itself; doing it first separates authentication errors from authorization errors. Meanwhile it opens the connection
// for next, the call that needs the credentials.
func (t *try) identify(ctx context.Context, next apiCall) (awssdk.Config, error) {
	cfg, err := t.load(ctx)
	if err != nil {
		return awssdk.Config{}, err
	}
	t.connectEarly(ctx, cfg, next)
	if t.web != nil {
		return cfg, t.assumeWithWebIdentity(ctx, &cfg)
	}
	if t.identity.command != "" {
		t.process = &process{command: t.identity.command, ctx: ctx}
		defer t.process.wait()
	}
	cfg.Credentials = t.replace(cfg.Credentials)
	t.log.Debug("AWS configuration loaded", "identity", t.identity.label, "took", time.Since(t.started))

	began := time.Now()
	if err := t.retrieve(ctx, cfg.Credentials); err != nil {
		return awssdk.Config{}, err
	}
	t.log.Info("AWS credentials found", "identity", t.identity.label, "took", time.Since(began))
	if t.wanted.RoleARN != "" {
		err = t.assumeWanted(ctx, &cfg)
	}
	return cfg, err
}

// retrieve sets t.keys. They do not change if it fails.
func (t *try) retrieve(ctx context.Context, provider awssdk.CredentialsProvider) error {
	keys, err := provider.Retrieve(ctx)
	if errors.Is(err, errRenewed) {
		keys, err = provider.Retrieve(ctx)
	}
	if err == nil {
		t.keys = keys
		t.secrets.add(keys.SecretAccessKey, keys.SessionToken)
	}
	return err
}

// load reads the AWS configuration and sets t.identity, t.shared and t.transport. It sends no requests, except to the
// metadata service with AWS_DEFAULTS_MODE=auto.
//
// A CA bundle and a mode of defaults change the HTTP client, which the SDK supports only for its own client.
func (t *try) load(ctx context.Context) (awssdk.Config, error) {
	if t.env.CustomCABundle != "" || t.env.DefaultsMode != "" {
		return t.loadWith(ctx, apiClient())
	}
	t.transport = newTransport(t.environ)
	cfg, err := t.loadWith(ctx, t.transport.client())
	if t.shared.CustomCABundle == "" && t.shared.DefaultsMode == "" {
		return cfg, err
	}
	t.transport.close()
	t.transport = nil
	return t.loadWith(ctx, apiClient())
}

func (t *try) loadWith(ctx context.Context, client awssdk.HTTPClient) (awssdk.Config, error) {
	metadata := new(metadataClient)
	cfg, err := loadWithin(ctx,
		config.WithSharedConfigProfile(t.wanted.Profile),
		config.WithRegion(t.registry.Region),
		config.WithHTTPClient(client),
		config.WithRetryer(newRetryer),
		config.WithAPIOptions([]func(*middleware.Stack) error{t.intercept}),
		config.WithLogger(logging.LoggerFunc(t.logSDK)),
		config.WithEC2RoleCredentialOptions(func(o *ec2rolecreds.Options) { o.Client = metadata }),
		config.WithEndpointCredentialOptions(func(o *endpointcreds.Options) { o.HTTPClient = localClient(apiHeaderTimeout) }),
		t.withoutProcess,
		withOwnersSession,
	)
	switch {
	case err != nil && ctx.Err() != nil:
		return awssdk.Config{}, err // the files may block again
	case err != nil:
		t.identity, t.shared = t.identityUnloaded(err)
		return awssdk.Config{}, settingsError{err}
	}
	cfg.AppID = "" // identifyProgram adds it
	for _, source := range cfg.ConfigSources {
		if shared, ok := source.(config.SharedConfig); ok {
			t.shared = shared
		}
	}
	t.identity = identityOf(t.env, t.shared, t.wanted.Profile)
	metadata.Client = imds.NewFromConfig(cfg, func(o *imds.Options) { o.HTTPClient = localClient(metadataHeaderTimeout) })
	return cfg, nil
}

// loadWithin is config.LoadDefaultConfig, but returns when the context ends. The SDK reads files without a time limit,
// and reading a named pipe or a file on an unresponsive network file system may block.
func loadWithin(ctx context.Context, options ...func(*config.LoadOptions) error) (awssdk.Config, error) {
	type result struct {
		cfg awssdk.Config
		err error
	}
	loaded := make(chan result, 1)
	go func() {
		cfg, err := config.LoadDefaultConfig(ctx, options...)
		loaded <- result{cfg, err}
	}()
	select {
	case r := <-loaded:
		return r.cfg, r.err
	case <-ctx.Done():
		return awssdk.Config{}, ctx.Err()
	}
}

// A metadataClient is set after the configuration that it needs has been loaded. It is not used before.
type metadataClient struct{ *imds.Client }

// newRetryer returns a retryer for throttling and 5xx responses, which may succeed within seconds. It does not retry
// failed connections and timeouts, because the default retries of the SDK would turn them into a hang.
func newRetryer() awssdk.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 6
		o.Backoff = retry.BackoffDelayerFunc(backoff)
		o.Retryables = []retry.IsErrorRetryable{
			retry.NoRetryCanceledError{},
			retry.RetryableErrorCode{Codes: retry.DefaultThrottleErrorCodes},
			retry.IsErrorRetryableFunc(func(err error) awssdk.Ternary {
				status := statusCode(err)
				return awssdk.BoolTernary(status >= 500 && status != http.StatusNetworkAuthenticationRequired)
			}),
		}
	})
}

// backoff returns a delay that doubles from 0.2 to 2 seconds, with up to half of it subtracted at random, so that
// machines that were throttled together do not retry together. Six attempts wait 2.5 to 5 seconds in total.
func backoff(attempt int, _ error) (time.Duration, error) {
	longest := min(100*time.Millisecond<<min(attempt, 5), 2*time.Second)
	return longest/2 + rand.N(longest/2), nil
}
