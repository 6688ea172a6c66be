// Package docker implements the server side of the Docker credential helper protocol on top of a credentials.Source.
// Podman, Buildah, Skopeo, BuildKit, crane, ORAS and Helm use the same protocol. The package does not depend on AWS.
package docker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"

	helper "github.com/docker/docker-credential-helpers/credentials"

	"ecrlogin/credentials"
	"ecrlogin/internal/keychain"
	"ecrlogin/internal/timelimit"
	"ecrlogin/registry"
)

// Helper is a credential helper for Amazon ECR. It implements credentials.Helper of docker-credential-helpers, so that
// go-containerregistry's authn.NewKeychainFromHelper accepts it too. It is safe for concurrent use.
type Helper struct {
	Source credentials.Source // required
	// Resolve returns the registry for a host; nil means registry.Parse. Its error wraps registry.ErrNotECR for a host
	// that is not an ECR registry or an alias of one. Every action returns any other error as it is. A host for
	// which registry.IsUpstream is true is never an alias.
	Resolve func(serverURL string) (registry.Registry, error)
	Aliases []string   // known hosts that Resolve accepts and registry.Parse does not; used by List
	Tokens  TokenStore // for docker login, docker logout and List; nil stores nothing

	Fallback helper.Helper // handles all hosts that are not ECR; nil means none
	// Relay passes the input of get, store and erase for hosts that are not ECR to the Fallback, unchanged, and the
	// response to out. It returns the exit code. If it is nil, Serve calls the methods of the Fallback.
	Relay func(action string, input []byte, out io.Writer) (exit int)

	Timeout       time.Duration // limit for Get; 0 means 15 seconds. The Fallback has its own
	Notices       io.Writer     // receives notices about actions that do not fail, one per line; nil discards them
	IgnoreStorage bool          // Add and Delete succeed and do nothing for ECR hosts
}

var _ helper.Helper = (*Helper)(nil)

// Get returns the user name and password for an Amazon ECR registry or an alias of one, in any form that clients use
// for the host. The Fallback handles all other hosts. Without a Fallback, the error is the protocol's "not found",
// after which clients continue without a password. So is an error of the Source for Amazon ECR Public, except
// credentials.ErrConfiguration; it is printed as a notice, unless it is credentials.ErrReported. Other errors are
// those of the Source.
func (h *Helper) Get(serverURL string) (username, password string, err error) {
	r, err := h.resolve(serverURL)
	switch {
	case isNotECR(err) && h.Fallback != nil:
		return h.Fallback.Get(serverURL)
	case isNotECR(err), errors.Is(err, errHTTP):
		return "", "", helper.NewErrCredentialsNotFound()
	case err != nil:
		return "", "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), cmp.Or(h.Timeout, timelimit.Default))
	defer cancel()
	token, err := credentials.UsableToken(ctx, h.Source, r)
	if credentials.Anonymous(r, err) {
		if errors.Is(err, credentials.ErrReported) {
			return "", "", helper.NewErrCredentialsNotFound()
		}
		h.notice("%v; continuing without a password, with which public images can be pulled, but not pushed", err)
		return "", "", helper.NewErrCredentialsNotFound()
	}
	if err != nil {
		return "", "", err
	}
	return token.Username, token.Password, nil
}

// A TokenStore stores tokens. *cache.Cache implements it.
type TokenStore interface {
	// Keep stores a token that takes precedence over all others for its registry.
	Keep(r registry.Registry, t credentials.Token) error
	// Hosts returns the registries that have a stored token, each with its user name.
	Hosts() map[string]string
	// Drop deletes the tokens of a host.
	Drop(host string) error
}

// Add stores a password for an Amazon ECR registry in Tokens until it expires, and passes other hosts to the
// Fallback. A failure to store the password is not an error, because the password is fetched again on demand. A
// password that Amazon ECR would not accept is an error.
func (h *Helper) Add(c *helper.Credentials) error {
	r, err := h.resolve(c.ServerURL)
	switch {
	case isNotECR(err) && h.Fallback != nil:
		return h.Fallback.Add(c)
	case isNotECR(err):
		return &credentials.Error{
			Host:  registry.ShownHost(c.ServerURL),
			Cause: "cannot store this password: this helper supports only Amazon ECR",
			Next: `set a helper for other registries in the configuration, such as "fallback: file", or configure ecr-login ` +
				`under "credHelpers" for your ECR hosts instead of as "credsStore"`,
		}
	case err != nil:
		return err
	case h.IgnoreStorage:
		return nil
	}
	token, err := tokenOf(c, r, time.Now().UTC())
	if err != nil {
		return err
	}
	err = errors.New("no token cache is configured")
	if h.Tokens != nil {
		err = h.Tokens.Keep(r, token)
	}
	if err != nil {
		h.notice("%s: password not stored: %v; docker login is optional, because this helper fetches passwords on demand", r, err)
		return nil
	}
	h.notice("%s: password stored until it expires at %s; docker login is optional, because this helper fetches passwords on demand",
		r, token.Expiry.Format("15:04 MST"))
	return nil
}

// tokenOf returns the token in the credentials of a docker login, or an error if Amazon ECR would not accept them.
func tokenOf(c *helper.Credentials, r registry.Registry, now time.Time) (credentials.Token, error) {
	invalid := &credentials.Error{
		Host: r.Host,
		Next: "use the output of aws ecr get-login-password, or omit docker login, because this helper fetches passwords on demand",
	}
	expiry := credentials.Expiration(c.Secret)
	switch {
	case c.Username != "AWS":
		invalid.Cause = "invalid user name: Amazon ECR accepts only AWS"
	case expiry.IsZero():
		invalid.Cause = "not an Amazon ECR password: it has no expiration time"
	case !expiry.After(now):
		invalid.Cause = "password expired at " + expiry.Format(time.RFC3339)
	default:
		return credentials.Token{Username: c.Username, Password: c.Secret, IssuedTo: "docker login", Issued: now, Expiry: expiry}, nil
	}
	return credentials.Token{}, invalid
}

// Delete deletes the tokens of an Amazon ECR registry from Tokens, and passes other hosts to the Fallback.
func (h *Helper) Delete(serverURL string) error {
	r, err := h.resolve(serverURL)
	switch {
	case isNotECR(err) && h.Fallback != nil:
		return h.Fallback.Delete(serverURL)
	case isNotECR(err):
		return nil
	case err != nil && !errors.Is(err, errHTTP):
		return err
	}
	if h.Tokens != nil && !h.IgnoreStorage && r.Host != "" {
		return h.Tokens.Drop(r.Host)
	}
	return nil
}

// List returns the registries of the Fallback and those for which Tokens contains a token, each with its user name.
// It never returns an error: when a helper's list fails, docker build loses the passwords of all other registries too.
func (h *Helper) List() (map[string]string, error) {
	all := map[string]string{}
	if h.Fallback != nil {
		others, err := h.Fallback.List()
		if err != nil {
			h.notice("cannot list the passwords of other registries: %v", err)
		}
		for serverURL, user := range others {
			if _, err := h.resolve(serverURL); isNotECR(err) {
				all[serverURL] = user
			}
		}
	}
	if h.Tokens == nil {
		return all, nil
	}
	own := h.Tokens.Hosts()
	maps.Copy(all, own)
	for _, alias := range h.Aliases {
		if r, err := h.resolve(alias); err == nil && own[r.Host] != "" {
			all[alias] = own[r.Host]
		}
	}
	return all, nil
}

// errHTTP reports an ECR host with the scheme http. It never has a password, and the Fallback is not called for it.
var errHTTP = &credentials.Error{Cause: "http is not supported by Amazon ECR", Next: "remove http:// from the host"}

// resolve returns the registry for a host. With errHTTP, it also returns the registry that the host has under https.
func (h *Helper) resolve(serverURL string) (registry.Registry, error) {
	resolve := h.Resolve
	if resolve == nil {
		resolve = registry.Parse
	}
	if keychain.Owned(serverURL) { // the Fallback may be the keychain that contains the cached tokens
		return registry.Registry{}, errHTTP
	}
	const plain = "http://"
	if s := strings.TrimSpace(serverURL); len(s) > len(plain) && strings.EqualFold(s[:len(plain)], plain) {
		if r, err := resolve(s[len(plain):]); err == nil {
			return r, errHTTP
		}
	}
	r, err := resolve(serverURL)
	if address, _ := registry.Address(serverURL); err == nil && registry.IsUpstream(address) {
		return registry.Registry{}, registry.ErrNotECR // an alias for the kubelet only
	}
	return r, err
}

func isNotECR(err error) bool { return errors.Is(err, registry.ErrNotECR) }

func (h *Helper) notice(format string, args ...any) {
	if h.Notices != nil {
		fmt.Fprintf(h.Notices, format+"\n", args...)
	}
}
