// Package kubelet answers kubelet when it asks for the credentials of an image: the exec plugin protocol of image
// credential providers, version v1 and its two beta forms. It knows nothing of AWS.
package kubelet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/registry"
)

// A Provider answers one request after the other, from a credentials.Source.
type Provider struct {
	// Source yields the tokens of the node's own identity. Required.
	Source credentials.Source
	// As returns the Source that yields tokens of a role, assumed by a service account. Required.
	As func(ServiceAccount) credentials.Source
	// Resolve tells which registry's token a host gets; nil means registry.Parse. Its error wraps registry.ErrNotECR for a
	// host that is not ours.
	Resolve func(host string) (registry.Registry, error)

	RoleARN string           // of a service account without annotation; "" for none
	Timeout time.Duration    // the longest a request may take; 0 means 15 seconds. Kubelet ends the plugin after a minute
	Now     func() time.Time // nil means time.Now
}

// DefaultTimeout is that of package docker.
const DefaultTimeout = 15 * time.Second

// The annotations of a service account that name its role. The first is the one for pulling alone; the second is that of
// the pods' own AWS calls (IAM roles for service accounts).
const (
	PullRoleAnnotation = "eks.amazonaws.com/ecr-role-arn"
	RoleAnnotation     = "eks.amazonaws.com/role-arn"
)

// Serve reads one request from in and answers it on out. It returns 0, also for a host that nobody here has a password for:
// its answer is one without credentials, kubelet then pulls anonymously, and errOut gets a line. It returns 1 when
// there ought to be a password and is none, and for what is no request: out gets nothing then, and errOut one line,
// which kubelet logs.
func (p *Provider) Serve(in io.Reader, out, errOut io.Writer) (exit int) {
	answer, notice, err := p.answer(in)
	if err != nil {
		fmt.Fprint(errOut, err) // with a line's end kubelet would log three lines, and whoever looks for the first would miss the cause
		return 1
	}
	if notice != "" {
		fmt.Fprintln(errOut, notice)
	}
	if _, err := out.Write(answer); err != nil {
		fmt.Fprintf(errOut, "writing the response: %v\n", err)
		return 1
	}
	return 0
}

func (p *Provider) answer(in io.Reader) (answer []byte, notice string, err error) {
	req, err := read(in)
	if err != nil {
		return nil, "", err
	}
	host := req.host()
	resolve := p.Resolve
	if resolve == nil {
		resolve = registry.Parse
	}
	r, err := resolve(host)
	if errors.Is(err, registry.ErrNotECR) {
		notice = fmt.Sprintf("%s: no credentials: not an Amazon ECR registry or an alias of one; remove it from matchImages", hostOf(registry.Shown(req.Image)))
		return response{APIVersion: req.APIVersion}.encode(), notice, nil
	}
	if err != nil {
		return nil, "", err
	}
	token, err := p.token(req, r)
	if r.Public && errors.Is(err, credentials.ErrNoIdentity) {
		return response{APIVersion: req.APIVersion}.encode(), err.Error() + "; pulling without credentials", nil
	}
	if err != nil {
		return nil, "", err
	}
	return response{
		APIVersion:    req.APIVersion,
		CacheDuration: p.cacheDuration(token),
		Auth:          map[string]auth{host: {token.Username, token.Password}},
	}.encode(), "", nil
}

func (p *Provider) token(req request, r registry.Registry) (credentials.Token, error) {
	ctx, cancel := context.WithTimeout(context.Background(), cmp.Or(p.Timeout, DefaultTimeout))
	defer cancel()
	account, err := p.serviceAccount(req)
	source := p.Source
	switch {
	case err != nil:
		return credentials.Token{}, fmt.Errorf("%s: %w", r, err)
	case account.RoleARN != "":
		source = p.As(account)
	}
	return credentials.UsableToken(ctx, source, r, p.now)
}

func (p *Provider) now() time.Time {
	if p.Now == nil {
		return time.Now()
	}
	return p.Now()
}

// soon is for how long kubelet may keep a token that is past half of its life, so that it comes back when there is a newer.
const soon = 5 * time.Minute

// cacheDuration is for how long kubelet may keep a token. It is handed out fresh until half of its life, so kubelet asks
// again then, and gets the next one at least as long before this one expires. The token may have come out of a cache, hours
// old. One that is past that, since AWS could not be reached, is asked for again soon; and never is one kept beyond its life.
func (p *Provider) cacheDuration(t credentials.Token) time.Duration {
	now := p.now()
	left := t.Expiry.Sub(now)
	fresh := t.Issued.Add(t.Expiry.Sub(t.Issued) / 2).Sub(now)
	if fresh <= 0 {
		fresh = min(soon, left/2)
	}
	return max(0, min(fresh, left)).Truncate(time.Second)
}

// hostOf returns the registry's part of an image's name, with its port; docker.io for a name without one.
// Source: the reference grammar of github.com/distribution/reference
func hostOf(image string) string {
	host, _, ok := strings.Cut(image, "/")
	if !ok || !strings.ContainsAny(host, ".:") && host != "localhost" {
		return "docker.io"
	}
	return host
}
