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
	Source  credentials.Source // required
	Timeout time.Duration      // the longest a Get may take; 0 means 15 seconds
	Notices io.Writer          // gets a line when something needs saying though it succeeds; nil discards it
}

// DefaultTimeout is long enough for slow sources of identity, such as SSO, and short for somebody who waits.
const DefaultTimeout = 15 * time.Second

var _ helper.Helper = (*Helper)(nil)

// Get returns user name and password for an Amazon ECR registry, however the client writes its host. For every other
// host, and for Amazon ECR Public when there is no AWS identity, the error is the protocol's "not found", upon which
// clients go on without a password. Other errors are those of the Source.
func (h *Helper) Get(serverURL string) (username, password string, err error) {
	r, err := registry.Parse(serverURL)
	if err != nil {
		return "", "", helper.NewErrCredentialsNotFound()
	}
	timeout := h.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	token, err := h.Source.Token(ctx, r)
	if r.Public && errors.Is(err, credentials.ErrNoIdentity) {
		return "", "", helper.NewErrCredentialsNotFound()
	}
	if err != nil {
		return "", "", err
	}
	return token.Username, token.Password, nil
}

// Add accepts a password for an Amazon ECR registry and keeps nothing, because Get fetches one when it is needed: the
// docker login that a pipeline still does must not fail. For another host it is an error.
func (h *Helper) Add(c *helper.Credentials) error {
	r, err := registry.Parse(c.ServerURL)
	if err != nil {
		return fmt.Errorf("%s: cannot keep this password, since this helper serves Amazon ECR only; "+
			`in Docker's config.json name ecr-login under "credHelpers" for your ECR hosts and not as "credsStore"`, hostOf(c.ServerURL))
	}
	h.notice("%s: password not kept, because a new one is fetched whenever it is needed; docker login can be left out", r)
	return nil
}

// A keeper is a Source that keeps tokens, as the cache does.
type keeper interface {
	// Hosts returns the registries with a token at hand, each with its user name.
	Hosts() map[string]string
	// Drop forgets a host's tokens.
	Drop(host string) error
}

// Delete forgets what the Source keeps for an Amazon ECR registry, and does nothing for another host.
func (h *Helper) Delete(serverURL string) error {
	r, err := registry.Parse(serverURL)
	if err != nil {
		return nil
	}
	if k, ok := h.Source.(keeper); ok {
		return k.Drop(r.Host)
	}
	return nil
}

// List returns the registries of which the Source keeps a token, each with its user name. It never fails: when a
// helper's list does, docker build loses the passwords of all other registries too.
func (h *Helper) List() (map[string]string, error) {
	if k, ok := h.Source.(keeper); ok {
		return k.Hosts(), nil
	}
	return map[string]string{}, nil
}

func (h *Helper) notice(format string, args ...any) {
	if h.Notices != nil {
		fmt.Fprintf(h.Notices, format+"\n", args...)
	}
}

// hostOf cuts a server address down to what may be repeated in an error: no user information, no path.
func hostOf(serverURL string) string {
	if _, rest, ok := strings.Cut(serverURL, "://"); ok {
		serverURL = rest
	}
	host, _, _ := strings.Cut(serverURL, "/")
	return host[strings.LastIndex(host, "@")+1:]
}
