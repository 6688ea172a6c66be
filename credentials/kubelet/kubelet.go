// Package kubelet implements the exec plugin protocol of kubelet image credential providers, versions v1, v1beta1 and
// v1alpha1. The package does not depend on AWS.
package kubelet

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/kubeletprotocol"
	"ecrlogin/internal/timelimit"
	"ecrlogin/registry"
)

// A Provider answers requests of the kubelet with tokens from a credentials.Source.
type Provider struct {
	// Source returns tokens for the identity of the node. Required.
	Source credentials.Source
	// RoleSource returns the Source of tokens for the role of a service account. Required.
	RoleSource func(*credentials.WebIdentity) credentials.Source
	// Resolve returns the registry for a host; nil means registry.Parse. Its error wraps registry.ErrNotECR for a host
	// that is not an ECR registry or an alias of one.
	Resolve func(host string) (registry.Registry, error)

	RoleARN string        // role of service accounts without an annotation; "" means none
	Timeout time.Duration // limit for a request; 0 means 15 seconds. The kubelet stops the plugin after a minute
}

// PullRoleAnnotation and RoleAnnotation are the annotations of a service account that specify its role.
// PullRoleAnnotation applies only to image pulls and takes precedence. RoleAnnotation is the annotation of IAM roles
// for service accounts, which also applies to the AWS calls of the pods.
const (
	PullRoleAnnotation = "eks.amazonaws.com/ecr-role-arn"
	RoleAnnotation     = "eks.amazonaws.com/role-arn"
)

// Serve reads one request from in, writes the response to out and returns the exit code. For a host that is not ECR,
// and for a token of ECR Public that is unavailable, it writes a response without credentials and a notice to errOut,
// and returns 0; the kubelet then pulls anonymously. The kubelet does not cache such a response, because it would not
// ask again after the identity has been corrected; package cache makes the next request cheap. For an invalid request,
// or if another token is unavailable, it writes nothing to out and one line to errOut, which the kubelet logs, and
// returns 1.
func (p *Provider) Serve(in io.Reader, out, errOut io.Writer) (exit int) {
	resp, notice, err := p.respond(in)
	if err != nil {
		fmt.Fprint(errOut, err) // without a newline, because the kubelet would then log three lines, with the cause not in the first
		return 1
	}
	if notice != "" {
		fmt.Fprintln(errOut, notice)
	}
	if err := json.NewEncoder(out).Encode(resp); err != nil {
		fmt.Fprintf(errOut, "writing the response: %v\n", err)
		return 1
	}
	return 0
}

// respond returns the response to a request, and a notice if the response has no credentials.
func (p *Provider) respond(in io.Reader) (resp response, notice string, err error) {
	req, err := read(in)
	if err != nil {
		return response{}, "", err
	}
	resp = response{Kind: kubeletprotocol.ResponseKind, APIVersion: req.APIVersion, CacheKeyType: "Registry", CacheDuration: "0s"}
	host, resolve := kubeletprotocol.Host(req.Image), p.Resolve
	if resolve == nil {
		resolve = registry.Parse
	}
	r, err := resolve(host)
	if errors.Is(err, registry.ErrNotECR) {
		return resp, fmt.Sprintf("%s: no credentials: not an Amazon ECR registry or an alias of one; remove it from matchImages",
			kubeletprotocol.Host(registry.Shown(req.Image))), nil
	}
	if err != nil {
		return response{}, "", err
	}
	token, err := p.token(req, r)
	if credentials.Anonymous(r, err) {
		return resp, err.Error() + "; pulling without credentials", nil
	}
	if err != nil {
		return response{}, "", err
	}
	resp.CacheDuration = kubeletprotocol.CacheDuration(token.Issued, token.Expiry, r.Region, time.Now()).String()
	resp.Auth = map[string]auth{host: {token.Username, token.Password}}
	return resp, "", nil
}

func (p *Provider) token(req request, r registry.Registry) (credentials.Token, error) {
	ctx, cancel := context.WithTimeout(context.Background(), cmp.Or(p.Timeout, timelimit.Default))
	defer cancel()
	identity, err := p.serviceAccount(req, r)
	if err != nil {
		return credentials.Token{}, err
	}
	source := p.Source
	if identity != nil {
		source = p.RoleSource(identity)
	}
	return credentials.UsableToken(ctx, source, r)
}
