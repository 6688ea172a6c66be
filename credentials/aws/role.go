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
		o.RoleSessionName = cmp.Or(wanted.RoleSessionName, "ecr-login")
		o.Duration = wanted.Duration
		if wanted.ExternalID != "" {
			o.ExternalID = &wanted.ExternalID
		}
		o.Policy = t.policy()
	})
	return t.assume(ctx, cfg, wanted.RoleARN, provider, "via "+t.identity.label)
}

// policy returns the session policy of the matching rule, or nil. It limits the role of a web identity too.
func (t *try) policy() *string {
	if t.wanted.Policy == "" {
		return nil
	}
	return &t.wanted.Policy
}

// An identityToken implements stscreds.IdentityTokenRetriever.
type identityToken string

func (i identityToken) GetIdentityToken() ([]byte, error) { return []byte(i), nil }

// assumeWithWebIdentity assumes the role of t.web. It needs no other credentials and looks for none.
func (t *try) assumeWithWebIdentity(ctx context.Context, cfg *awssdk.Config) error {
	t.identity = identity{label: t.web.Label, source: webIdentity}
	provider := stscreds.NewWebIdentityRoleProvider(sts.NewFromConfig(*cfg), t.web.RoleARN, identityToken(t.web.Token),
		func(o *stscreds.WebIdentityRoleOptions) { o.RoleSessionName, o.Policy = t.web.SessionName, t.policy() })
	return t.assume(ctx, cfg, t.web.RoleARN, provider, "of "+t.web.Label)
}

// claims returns the claims that a trust policy must allow, or "" if there is no web identity.
func (t *try) claims() string {
	if t.web == nil {
		return ""
	}
	return fmt.Sprintf(`: the token has the subject (sub) "%s", the audience (aud) "%s" and the issuer %s`,
		t.web.Subject, strings.Join(t.web.Audience, `", "`), t.web.Issuer)
}
