package aws

import (
	"context"
	"fmt"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

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
