package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// DefaultRoleSessionName is the session name in CloudTrail if the configuration has no roleSessionName.
const DefaultRoleSessionName = "ecr-login"

// errPartition reports a role in another partition than the registry.
var errPartition = errors.New("the role is in another partition than the registry")

// assume replaces the credentials in cfg with those of a role, which provider assumes. The new label of the identity
// names the role and then via. STS is called in the registry's region, which keeps the request in the registry's
// partition.
func (t *try) assume(ctx context.Context, cfg *awssdk.Config, role string, provider awssdk.CredentialsProvider, via string) error {
	t.identity.role = role
	if !strings.HasPrefix(role, "arn:"+t.registry.Partition+":") {
		return errPartition
	}
	began := time.Now()
	cfg.Credentials = awssdk.NewCredentialsCache(provider)
	if err := t.retrieve(ctx, cfg.Credentials); err != nil {
		return err
	}
	t.identity.label = fmt.Sprintf("role %s %s", role, via)
	t.log.Info("role assumed", "identity", t.identity.label, "took", time.Since(began))
	return nil
}

// assumeWanted assumes the role of the matching rule with the credentials in cfg.
func (t *try) assumeWanted(ctx context.Context, cfg *awssdk.Config) error {
	wanted := t.wanted
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(*cfg), wanted.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = cmp.Or(wanted.RoleSessionName, DefaultRoleSessionName)
		o.Duration = wanted.Duration
		if wanted.ExternalID != "" {
			o.ExternalID = &wanted.ExternalID
		}
	})
	return t.assume(ctx, cfg, wanted.RoleARN, provider, "via "+t.identity.label)
}

// WebIdentity is an OIDC token and the role to assume with it.
type WebIdentity struct {
	RoleARN     string
	Token       string // OIDC token; a secret
	SessionName string // session name in CloudTrail, 2 to 64 characters
	Label       string // description for messages and logs

	// Claims of the token, for messages about the role's trust policy.
	Subject, Issuer string
	Audience        []string
}

// Format implements fmt.Formatter. It prints the label for every verb, never the token.
func (w *WebIdentity) Format(f fmt.State, _ rune) { fmt.Fprint(f, w.Label) }

// GetIdentityToken implements stscreds.IdentityTokenRetriever.
func (w *WebIdentity) GetIdentityToken() ([]byte, error) { return []byte(w.Token), nil }

// assumeWithWebIdentity assumes the role of t.web. It needs no other credentials and looks for none.
func (t *try) assumeWithWebIdentity(ctx context.Context, cfg *awssdk.Config) error {
	t.identity = identity{label: t.web.Label, source: webIdentity, chosen: true}
	provider := stscreds.NewWebIdentityRoleProvider(sts.NewFromConfig(*cfg), t.web.RoleARN, t.web,
		func(o *stscreds.WebIdentityRoleOptions) { o.RoleSessionName = t.web.SessionName })
	return t.assume(ctx, cfg, t.web.RoleARN, provider, "of "+t.web.Label)
}

// claims returns the claims that a trust policy must allow, or "" if there is no web identity.
func (t *try) claims() string {
	if t.web == nil {
		return ""
	}
	return fmt.Sprintf(`: the token has the subject (sub) "%s", the audience (aud) "%s" and the issuer %s`, t.web.Subject, strings.Join(t.web.Audience, `", "`), t.web.Issuer)
}
