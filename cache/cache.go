// Package cache provides a Source that caches the tokens and slow failures of another Source for all processes of a
// user.
//
// The key of a token consists of the registry and everything that determines the AWS identity, so a hit needs no
// request and no credentials. Of any number of processes that miss, one calls the Source and the others use its
// result. If the cache directory is unavailable, the Source is called each time; the cache never causes a failure.
package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/cachekey"
	"ecrlogin/internal/environ"
	"ecrlogin/internal/keychain"
	"ecrlogin/internal/store"
	"ecrlogin/registry"
)

// Cache is a Source that wraps another Source. It is safe for concurrent use by goroutines and processes.
type Cache struct {
	// Source is required. If its tokens depend on more than the environment and the AWS files, it implements CacheKey,
	// as aws.Source does. The registries of an API only share tokens if it does.
	Source   credentials.Source
	Dir      string          // the cache directory; "" disables the cache. See store.Dir
	Keychain *keychain.Store // stores the tokens instead of Dir, which then contains no secrets; nil to use Dir
	Env      environ.Env     // the environment of the process; nil to read it for each call
	// Variables are additional environment variables that the Source's identity depends on: names, or prefixes of names
	// followed by "*".
	Variables []string
	// Inputs returns the inputs of the key that the process took before it read the Source's configuration, which must
	// be part of them; nil to take them at the start of each call, and to call the Source's CacheKey.
	Inputs func() (cachekey.Inputs, error)

	Notices io.Writer        // receives lines that a user should see even if there is a token; nil discards them
	Log     *slog.Logger     // nil discards it
	Now     func() time.Time // nil means time.Now

	// Client identifies the client of this process, also among clients in other containers that share Dir. It gets a
	// failure of ECR Public once; later errors wrap credentials.ErrReported. "" means that it is unknown.
	Client string

	// FailuresOf, if not empty, identifies the identity of a Source whose tokens must not be stored, such as that of a pod.
	// Only its failures of ECR Public are cached. It may contain no secret that changes with each token.
	FailuresOf string

	// The fields below are for a process that started waiting for other processes before it created the Cache.

	// Since is when it started waiting; zero means at the start of each call.
	Since time.Time
	// Held returns a lock that it already holds, by its path of store.LockPaths; nil if it holds none. Only the first
	// call of unlock has an effect.
	Held func(path string) (unlock func(), ok bool)
	// Generation is the result of store.Generation at that time; "" to read it at the start of each call.
	Generation string
}

// Time limits of renewals and failures.
const (
	// renewTimeout is how long a process with a valid token waits for a new one.
	renewTimeout = 5 * time.Second
	// renewPause is how long no process retries a failed renewal of a valid token.
	renewPause = time.Minute
	// slow is the minimum duration of a failed request whose error is cached. Faster failures are retried each time.
	slow = time.Second
	// failureTTL is how long a slow failure is returned to other processes. BuildKit runs a failing helper up to 29
	// times in a row.
	failureTTL = 10 * time.Second
	// publicFailureTTL is how long any failure of ECR Public is returned to other processes. A build then does not wait
	// for it in each pull, which succeeds without a password.
	publicFailureTTL = time.Minute
)

// Token returns the first of these tokens: the valid one from Keep for the registry; the fresh one in the cache for the
// registry and this process's AWS identity; the fresh one for the registry's API and this identity; a token from the
// Source. After half of its lifetime, one process renews a token while the others continue to use it;
// if the renewal fails, it is used until it expires. The errors are those of the Source, possibly as another process
// received them.
func (c *Cache) Token(ctx context.Context, r registry.Registry) (credentials.Token, error) {
	k, ok := c.open(r)
	if !ok {
		return c.Source.Token(ctx, r)
	}
	defer k.store.Close()
	l := k.ofRegistry(ctx)
	if c.FailuresOf != "" {
		return l.failuresOnly(ctx)
	}
	// Read the clock after each step, because a keychain may take seconds.
	if login, err := l.load(ctx, store.Login); err == nil && login.Valid(c.now()) {
		k.logHit("token of a login", login)
		return token(login), nil
	}
	e, err := l.token(ctx)
	return token(e), err
}

// A call is a call of Token: what its levels have in common.
type call struct {
	*Cache
	registry    registry.Registry
	store       *store.Store
	tokens      backend
	unavailable bool // whether the keychain is unavailable
	before      cachekey.Inputs
	changed     bool            // whether the inputs have changed since then
	noticed     map[string]bool // the notices of this call
}

// open starts a call for a registry; ok is false if the cache is disabled or unavailable.
func (c *Cache) open(r registry.Registry) (k *call, ok bool) {
	if c.Dir == "" || c.FailuresOf != "" && !r.Public {
		return nil, false
	}
	before, err := c.inputs()
	var s *store.Store
	if err == nil {
		s, err = store.Create(c.Dir, c.env())
	}
	if err != nil {
		c.notice(err)
		c.log().Debug("not cached", "reason", err)
		return nil, false
	}
	return &call{
		Cache: c, registry: r, store: s, tokens: c.backend(files{Store: s}), before: c.identify(before, r),
	}, true
}

// inputs returns the inputs of the key.
func (c *Cache) inputs() (in cachekey.Inputs, err error) {
	if c.Inputs != nil {
		in, err = c.Inputs()
	} else {
		in, err = cachekey.Take(c.env(), "")
	}
	if errors.Is(err, cachekey.ErrTooLarge) {
		err = fmt.Errorf("tokens are not cached: %w; remove unused profiles from it", err)
	}
	return in.With(c.Variables), err
}

// identify adds the identity that the Source uses for a registry to the inputs.
func (c *Cache) identify(in cachekey.Inputs, r registry.Registry) cachekey.Inputs {
	if c.Inputs != nil {
		return in
	}
	key, _ := identity(c.Source, r)
	return in.WithIdentity(key)
}

// identity returns the CacheKey of a Source; ok is false if it has none.
func identity(s credentials.Source, r registry.Registry) (key string, ok bool) {
	if s, ok := s.(interface {
		CacheKey(registry.Registry) string
	}); ok {
		return s.CacheKey(r), true
	}
	return "", false
}

func (c *Cache) env() environ.Env {
	if c.Env == nil {
		return environ.Process()
	}
	return c.Env
}

// notice prints an error that the user can correct: an unsafe or unusable directory or entry, a file that is too
// large, or an unavailable keychain. Other reasons why the cache is unavailable are only logged.
func (c *Cache) notice(err error) {
	if c.Notices == nil {
		return
	}
	for _, reported := range []error{store.ErrUnsafe, cachekey.ErrTooLarge, store.ErrUnusable, keychain.ErrUnavailable} {
		if errors.Is(err, reported) {
			fmt.Fprintln(c.Notices, err)
			return
		}
	}
}

// notice is Cache.notice, once for both levels.
func (k *call) notice(err error) {
	if err == nil || k.noticed[err.Error()] {
		return
	}
	if k.noticed == nil {
		k.noticed = map[string]bool{}
	}
	k.noticed[err.Error()] = true
	k.Cache.notice(err)
}

func (k *call) logHit(what string, e store.Entry) {
	k.log().Debug(what, "registry", k.registry.Host, "expires in", time.Unix(e.Expiry, 0).Sub(k.now()).Round(time.Second))
}

func (k *call) note(err error) {
	if err != nil && !k.unavailable && !errors.Is(err, fs.ErrNotExist) {
		k.notice(err)
		k.log().Debug("cache entry not used", "registry", k.registry.Host, "reason", err)
	}
}

// entry returns a token for a registry as an entry.
func entry(r registry.Registry, t credentials.Token) store.Entry {
	return store.Entry{
		Host: r.Host, Account: r.Account, Region: r.Region, Origin: r.Host, IssuedTo: t.IssuedTo,
		Username: t.Username, Password: t.Password, Issued: t.Issued.Unix(), Expiry: t.Expiry.Unix(),
	}
}

// token returns the token of an entry; the zero Token for the zero Entry.
func token(e store.Entry) credentials.Token {
	if e == (store.Entry{}) {
		return credentials.Token{}
	}
	return credentials.Token{
		Username: e.Username, Password: e.Password, IssuedTo: e.IssuedTo,
		Issued: time.Unix(e.Issued, 0).UTC(), Expiry: time.Unix(e.Expiry, 0).UTC(),
	}
}

func (c *Cache) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

func (c *Cache) log() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log
}
