// Package docker answers the credential helper protocol of Docker, which Podman, Buildah, Skopeo, BuildKit, crane, ORAS
// and Helm speak too, from a credentials.Source. It knows nothing of AWS.
package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	helper "github.com/docker/docker-credential-helpers/credentials"

	"ecrlogin/credentials"
	"ecrlogin/registry"
)

// Helper is a credential helper for Amazon ECR. It implements credentials.Helper of docker-credential-helpers, so that
// go-containerregistry's authn.NewKeychainFromHelper takes it as well. It may be used by many goroutines at once.
type Helper struct {
	Source credentials.Source // required
	// Resolve tells which registry's token a host gets; nil means registry.Parse. Its error wraps registry.ErrNotECR for a
	// host that is not ours; another error is an answer to every question.
	Resolve func(serverURL string) (registry.Registry, error)
	Aliases []string // the hosts for which Resolve goes beyond registry.Parse, as far as they are known; for List

	Fallback helper.Helper // answers for every host that is not ours; nil means that nobody does
	Timeout  time.Duration // the longest a Get may take; 0 means 15 seconds. The Fallback has its own
	Notices  io.Writer     // gets a line when something needs saying though it succeeds; nil discards it
	Forgo    bool          // Add and Delete succeed and do nothing for our hosts
}

// DefaultTimeout is long enough for slow sources of identity, such as SSO, and short for somebody who waits.
const DefaultTimeout = 15 * time.Second

var _ helper.Helper = (*Helper)(nil)

// Get returns user name and password for an Amazon ECR registry, however the client writes its host, and for an alias of one.
// For every other host the Fallback answers. Without one, and for Amazon ECR Public when there is no AWS identity, the error is
// the protocol's "not found", upon which clients go on without a password. Other errors are those of the Source.
func (h *Helper) Get(serverURL string) (username, password string, err error) {
	r, err := h.resolve(serverURL)
	switch {
	case isOthers(err) && h.Fallback != nil:
		return h.Fallback.Get(serverURL)
	case isOthers(err), errors.Is(err, errPlain):
		return "", "", helper.NewErrCredentialsNotFound()
	case err != nil:
		return "", "", err
	}
	timeout := h.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	token, err := credentials.UsableToken(ctx, h.Source, r, time.Now)
	if r.Public && errors.Is(err, credentials.ErrNoIdentity) {
		return "", "", helper.NewErrCredentialsNotFound()
	}
	if err != nil {
		return "", "", err
	}
	return token.Username, token.Password, nil
}

// A keeper is a Source that keeps tokens, as the cache does.
type keeper interface {
	// Keep keeps a token that comes before every other for its registry.
	Keep(r registry.Registry, t credentials.Token) error
	// Hosts returns the registries with a token at hand, each with its user name.
	Hosts() map[string]string
	// Drop forgets a host's tokens.
	Drop(host string) error
	// Owns reports whether a name in a credential store is that of a token which is kept there.
	Owns(serverURL string) bool
}

// Add has the Source keep a password for an Amazon ECR registry until it expires, and hands it to the Fallback for another
// host. A password that cannot be kept is fetched again when it is needed, so that is no error; one that no registry would
// take is.
func (h *Helper) Add(c *helper.Credentials) error {
	r, err := h.resolve(c.ServerURL)
	switch {
	case isOthers(err) && h.Fallback != nil:
		return h.Fallback.Add(c)
	case isOthers(err):
		return fmt.Errorf("%s: cannot store this password: this helper supports only Amazon ECR; set "+
			`a helper for other registries in the configuration, such as "fallback: file", or configure ecr-login under "credHelpers" for your ECR hosts instead of as "credsStore"`, registry.ShownHost(c.ServerURL))
	case err != nil:
		return err
	case h.Forgo:
		return nil
	}
	token, err := tokenOf(c, r, time.Now().UTC())
	if err != nil {
		return err
	}
	if k, ok := h.Source.(keeper); !ok {
		err = errors.New("no token cache is configured")
	} else {
		err = k.Keep(r, token)
	}
	if err != nil {
		h.notice("%s: password not stored: %v; docker login is optional, because this helper fetches passwords on demand", r, err)
		return nil
	}
	h.notice("%s: password stored until it expires at %s; docker login is optional, because this helper fetches passwords on demand", r, token.Expiry.Format("15:04 MST"))
	return nil
}

// tokenOf checks what docker login was given.
func tokenOf(c *helper.Credentials, r registry.Registry, now time.Time) (credentials.Token, error) {
	const next = "use the output of aws ecr get-login-password, or omit docker login, because this helper fetches passwords on demand"
	expiry := credentials.Expiration(c.Secret)
	switch {
	case c.Username != "AWS":
		return credentials.Token{}, fmt.Errorf("%s: invalid user name: Amazon ECR accepts only AWS; %s", r, next)
	case expiry.IsZero():
		return credentials.Token{}, fmt.Errorf("%s: not an Amazon ECR password: it has no expiration time; %s", r, next)
	case !expiry.After(now):
		return credentials.Token{}, fmt.Errorf("%s: password expired at %s; %s", r, expiry.Format(time.RFC3339), next)
	}
	return credentials.Token{Username: c.Username, Password: c.Secret, As: "docker login", Issued: now, Expiry: expiry}, nil
}

// Delete forgets what the Source keeps for an Amazon ECR registry, and what the Fallback does for another host.
func (h *Helper) Delete(serverURL string) error {
	r, err := h.resolve(serverURL)
	switch {
	case isOthers(err) && h.Fallback != nil:
		return h.Fallback.Delete(serverURL)
	case isOthers(err):
		return nil
	case err != nil && !errors.Is(err, errPlain):
		return err
	}
	if k, ok := h.Source.(keeper); ok && !h.Forgo && r.Host != "" {
		return k.Drop(r.Host)
	}
	return nil
}

// List returns the registries of which the Source keeps a token, each with its user name, and those of the Fallback. It never
// fails: when a helper's list does, docker build loses the passwords of all other registries too.
func (h *Helper) List() (map[string]string, error) {
	all := map[string]string{}
	k, keeps := h.Source.(keeper)
	if h.Fallback != nil {
		others, err := h.Fallback.List()
		if err != nil {
			h.notice("cannot list the passwords of other registries: %v", err)
		}
		for serverURL, user := range others {
			if _, err := h.resolve(serverURL); isOthers(err) {
				all[serverURL] = user
			}
		}
	}
	if !keeps {
		return all, nil
	}
	own := k.Hosts()
	for host, user := range own {
		all[host] = user
	}
	for _, alias := range h.Aliases {
		if r, err := h.resolve(alias); err == nil && own[r.Host] != "" {
			all[alias] = own[r.Host]
		}
	}
	return all, nil
}

// errPlain is for our hosts by http, for which there never is a password, and which are nobody else's either.
var errPlain = errors.New("Amazon ECR does not support http; remove http:// from the host")

// resolve returns the registry whose token a host gets. With errPlain, which registry it would be is returned as well.
func (h *Helper) resolve(serverURL string) (registry.Registry, error) {
	resolve := h.Resolve
	if resolve == nil {
		resolve = registry.Parse
	}
	if k, ok := h.Source.(keeper); ok && k.Owns(serverURL) {
		return registry.Registry{}, errPlain
	}
	const plain = "http://"
	if s := strings.TrimSpace(serverURL); len(s) > len(plain) && strings.EqualFold(s[:len(plain)], plain) {
		if r, err := resolve(s[len(plain):]); err == nil {
			return r, errPlain
		}
	}
	return resolve(serverURL)
}

func isOthers(err error) bool { return errors.Is(err, registry.ErrNotECR) }

func (h *Helper) notice(format string, args ...any) {
	if h.Notices != nil {
		fmt.Fprintf(h.Notices, format+"\n", args...)
	}
}
