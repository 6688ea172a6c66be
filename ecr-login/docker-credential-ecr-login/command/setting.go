package command

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"ecrlogin/cache"
	"ecrlogin/cache/store"
	"ecrlogin/cache/vault"
	"ecrlogin/config"
	"ecrlogin/credentials/aws"
	"ecrlogin/credentials/docker"
	"ecrlogin/credentials/docker/configfile"
	"ecrlogin/credentials/program"
	"ecrlogin/ecr-login/docker-credential-ecr-login/hit"
	"ecrlogin/registry"
)

// A setting is what the environment and the configuration say together. A variable comes before what the file says.
type setting struct {
	*Program
	environment
	config *config.Config // of no file when err is not nil
	flag   string         // the configuration file that --config names; "" for none
	err    error          // why the configuration cannot be used
	began  time.Time      // when the deadline of an action began to run

	inputs    store.Snapshot
	inputsErr error

	skipped sync.Once // runs reportSkipped
}

// load reads both.
func (p *Program) load() *setting { return p.loadFrom("") }

// loadFrom is load with the configuration file that --config names; "" for none.
func (p *Program) loadFrom(flag string) *setting {
	s := &setting{Program: p, flag: flag, began: hit.Began()}
	s.inputs, s.inputsErr = store.Take(flag) // first: a change after that is noticed, also of the configuration
	if s.config, s.err = config.Load(flag); s.err != nil {
		s.config = new(config.Config)
	}
	s.environment = readEnvironment(p.Stderr, s.config.Timeout)
	return s
}

// dir returns the folder of the cache, "" if nothing is to be kept.
func (s *setting) dir() string {
	switch {
	case s.config.Cache.Disabled:
		return ""
	case s.config.Cache.Dir != "" && os.Getenv("AWS_ECR_CACHE_DIR") == "" && os.Getenv("AWS_ECR_DISABLE_CACHE") == "":
		return s.config.Cache.Dir
	}
	return store.Dir()
}

// source returns the chain that tokens come from: what is kept, and AWS.
func (s *setting) source() *cache.Cache {
	return &cache.Cache{
		Source:     &aws.Source{Identity: s.config.Identity, Log: s.log},
		Dir:        s.dir(),
		Vault:      s.vault(),
		Config:     s.flag,
		Variables:  s.config.Cache.Variables,
		Inputs:     func() (store.Snapshot, error) { return s.inputs, s.inputsErr },
		Notices:    s.Stderr,
		Log:        s.log,
		Since:      s.began,
		Held:       hit.Held,
		Generation: hit.Generation(),
	}
}

// vault returns the credential store that keeps tokens in place of files; nil for files.
func (s *setting) vault() *vault.Vault {
	if s.config.Cache.Store == "" {
		return nil
	}
	named := strconv.Quote("store") + " of " + strconv.Quote("cache") + " in " + s.config.Path
	return &vault.Vault{Helper: &program.Helper{Name: s.config.Cache.Store, Timeout: s.timeout / 3, Stderr: s.Stderr, Named: named}}
}

// helper returns what answers clients.
func (s *setting) helper() *docker.Helper {
	h := &docker.Helper{
		Source:  s.source(),
		Resolve: s.resolve,
		Aliases: s.config.Hosts(),
		Timeout: s.timeout,
		Notices: s.Stderr,
		Forgo:   s.forgo,
	}
	switch name := s.config.Fallback; name {
	case "":
	case config.FallbackFile:
		if path, err := configfile.Path(); err == nil {
			h.Fallback = &configfile.Auths{Path: configfile.AuthsPath(path), Docker: path, Notices: s.Stderr}
		} else {
			fmt.Fprintf(s.Stderr, "there is nobody to ask about other registries: %v\n", err)
		}
	default:
		h.Fallback = &program.Helper{Name: name, Timeout: s.fallbackTimeout(), Stderr: s.Stderr, Named: strconv.Quote("fallback") + " in " + s.config.Path}
	}
	return h
}

// resolve tells whose token a host gets; nobody's while the configuration cannot be used, which would tell.
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

// reportSkipped prints which files of the user count as missing because this process may not search the directories above
// them. Requests for other registries do not need them.
func (s *setting) reportSkipped() {
	if s.inputsErr != nil || len(s.inputs.Skipped) == 0 {
		return // whoever needs the inputs reports the error
	}
	variables := "HOME"
	if os.Getenv("XDG_CONFIG_HOME") != "" {
		variables += " and XDG_CONFIG_HOME"
	}
	fmt.Fprintf(s.Stderr, "%s: skipped, because this user may not search the directory; set %s to a directory of this user\n",
		strings.Join(s.inputs.Skipped, ", "), variables)
}

// remaining returns how long an action that is being served may still take.
func (s *setting) remaining() time.Duration {
	return max(1, s.timeout-time.Since(s.began)) // 0 would mean no limit
}

// fallbackTimeout returns how long one call of a fallback may take: what remains of a timeout that the user set, or else
// the default for a keychain that may ask for a pass phrase.
func (s *setting) fallbackTimeout() time.Duration {
	if s.explicit {
		return s.remaining()
	}
	return program.DefaultTimeout
}

// deadline is when a command must be done that began now.
func (s *setting) deadline() time.Time { return time.Now().Add(s.timeout) }
