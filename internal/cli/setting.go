package cli

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"ecrlogin/cache"
	"ecrlogin/config"
	"ecrlogin/credentials/aws"
	"ecrlogin/credentials/docker"
	"ecrlogin/internal/cachekey"
	"ecrlogin/internal/dockerconfig"
	"ecrlogin/internal/fastpath"
	"ecrlogin/internal/keychain"
	"ecrlogin/internal/nativehelper"
	"ecrlogin/internal/proctable"
	"ecrlogin/internal/store"
	"ecrlogin/registry"
)

// A setting combines the environment and the configuration. A variable overrides the configuration file.
type setting struct {
	*Program
	config *config.Config // empty if err is not nil
	err    error          // why the configuration cannot be read or is invalid

	began         time.Time     // start of the time limit of an action
	timeout       time.Duration // ECR_LOGIN_TIMEOUT, or timeout in the configuration, minus timelimit.Reserve
	explicit      bool          // whether either of them is set
	log           *slog.Logger  // ECR_LOGIN_LOG
	ignoreStorage bool          // AWS_ECR_IGNORE_CREDS_STORAGE

	inputs    cachekey.Inputs
	inputsErr error

	skipped sync.Once // runs reportSkipped
}

// load reads the environment and the configuration.
func (p *Program) load() *setting { return p.loadFrom("") }

// loadFrom is like load, but reads the configuration file that flag, the value of --config, names if it is not "".
func (p *Program) loadFrom(flag string) *setting {
	s := &setting{Program: p, began: p.Began}
	s.inputs, s.inputsErr = cachekey.Take(p.Env, flag)
	// The cache hashes the same bytes, so that no token is stored for a configuration that did not select its identity.
	own := s.inputs.Own
	if s.err = s.inputs.OwnErr; s.err == nil {
		s.config, s.err = config.Parse(own.Path, own.Content)
	}
	if s.err != nil {
		s.config = new(config.Config)
	}
	s.readEnvironment()
	return s
}

// dir returns the cache directory, or "" if the cache is disabled.
func (s *setting) dir() string {
	if s.config.Cache.Disabled {
		return ""
	}
	return store.Dir(s.Env, s.config.Cache.Dir)
}

// source returns the source of tokens: the cache, and AWS after it.
func (s *setting) source() *cache.Cache {
	return &cache.Cache{
		Source: &aws.Source{
			Identity: s.config.Identity, PublicTimeout: s.publicTimeout(), AppID: s.appID(), Log: s.log,
		},
		Dir:        s.dir(),
		Keychain:   s.keychain(),
		Env:        s.Env,
		Variables:  s.config.Cache.Variables,
		Inputs:     func() (cachekey.Inputs, error) { return s.inputs, s.inputsErr },
		Notices:    s.Stderr,
		Log:        s.log,
		Since:      s.began,
		Held:       fastpath.Held,
		Generation: fastpath.Generation(),
	}
}

// publicTimeout returns the time limit for calling ECR Public. Clients can pull without a password, so they should not
// wait for one until the deadline, and other processes should have the failure before they stop waiting for the first
// lock, after a third of their time.
func (s *setting) publicTimeout() time.Duration { return max(s.timeout/4, 2*time.Second) }

// keychain returns the credential store that contains the cached tokens, or nil if they are in files.
func (s *setting) keychain() *keychain.Store {
	if s.config.Cache.Store == "" {
		return nil
	}
	return &keychain.Store{Helper: s.nativeHelper(s.config.Cache.Store, `"store" of "cache"`, s.timeout/3)}
}

// helper returns the helper that serves an action of the protocol.
func (s *setting) helper() *docker.Helper {
	tokens := s.source()
	tokens.Client = proctable.Identity(os.Getppid())
	h := &docker.Helper{
		Source:        tokens,
		Tokens:        tokens,
		Resolve:       s.resolve,
		Aliases:       s.config.Hosts(),
		Timeout:       s.remaining(),
		Notices:       s.Stderr,
		IgnoreStorage: s.ignoreStorage,
	}
	switch name := s.config.Fallback; name {
	case "":
	case config.FallbackFile:
		if path, err := dockerconfig.Path(s.Env); err == nil {
			h.Fallback = &dockerconfig.Auths{Path: dockerconfig.AuthsPath(path), Docker: path, Notices: s.Stderr}
		} else {
			fmt.Fprintf(s.Stderr, "fallback %q is unavailable: %v\n", config.FallbackFile, err)
		}
	default:
		var timeout time.Duration // the default leaves time to type the passphrase of a keychain
		if s.explicit {
			timeout = s.remaining()
		}
		native := s.nativeHelper(name, `"fallback"`, timeout)
		h.Fallback, h.Relay = native, native.Relay
	}
	return h
}

// nativeHelper returns the credential helper with the given name, which a key of the configuration contains.
func (s *setting) nativeHelper(name, key string, timeout time.Duration) *nativehelper.Helper {
	return &nativehelper.Helper{Name: name, Env: s.Env, Timeout: timeout, Stderr: s.Stderr, Named: key + " in " + s.config.Path}
}

// resolve returns the registry whose token a host gets. It fails if the configuration is invalid.
func (s *setting) resolve(serverURL string) (registry.Registry, error) {
	if s.err != nil {
		return registry.Registry{}, s.err
	}
	r, err := s.config.Resolve(serverURL)
	if err == nil {
		s.skipped.Do(s.reportSkipped)
	}
	return r, err
}

// saveRoute stores what the configuration decides for a host, after a successful request, for the fast path of later
// requests. It stores nothing if the tokens are not in files.
func (s *setting) saveRoute(host string) {
	if s.err != nil || s.inputsErr != nil || s.dir() == "" || s.config.Cache.Store != "" || keychain.Owned(host) {
		return
	}
	r, err := s.config.Resolve(host)
	if err != nil {
		return
	}
	fastpath.SaveRoute(s.Env, host, s.inputs.Own.Content, store.Route{
		Registry: r.Host, Dir: s.config.Cache.Dir, Timeout: s.config.Timeout, Variables: s.config.Cache.Variables,
	})
}

// reportSkipped prints the user's files that are treated as missing because this process may not search the
// directories above them. It is called only for ECR registries, since requests for others do not need these files.
func (s *setting) reportSkipped() {
	if s.inputsErr != nil || len(s.inputs.Skipped) == 0 {
		return // the cache reports inputsErr
	}
	variables := "HOME"
	if s.Env.Get("XDG_CONFIG_HOME") != "" {
		variables += " and XDG_CONFIG_HOME"
	}
	fmt.Fprintf(s.Stderr, "%s: skipped, because this user may not search the directory; set %s to a directory of this user\n",
		strings.Join(s.inputs.Skipped, ", "), variables)
}

// remaining returns the time that is left for the action.
func (s *setting) remaining() time.Duration {
	return max(1, s.timeout-time.Since(s.began)) // 0 would mean no limit
}
