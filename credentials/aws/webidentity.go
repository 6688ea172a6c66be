package aws

import (
	"context"
	"fmt"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// A WebIdentity is somebody whom an OpenID Connect provider vouches for, and the role that they assume by it.
type WebIdentity struct {
	RoleARN     string
	Token       string // of the provider; a secret
	SessionName string // by which the session appears in CloudTrail, 2 to 64 characters
	Label       string // who it is, for people

	// What the token claims, for telling what the role's trust policy must allow.
	Subject, Issuer string
	Audience        []string
}

// Format prints the label for every verb of package fmt, and never the token.
func (w *WebIdentity) Format(f fmt.State, _ rune) { fmt.Fprint(f, w.Label) }

// GetIdentityToken hands the SDK the token.
func (w *WebIdentity) GetIdentityToken() ([]byte, error) { return []byte(w.Token), nil }

// assumeWithWebIdentity has cfg ask as the role. Nobody else's credentials are needed for that, so none are looked for.
func (t *try) assumeWithWebIdentity(ctx context.Context, cfg *awssdk.Config) error {
	t.identity = identity{label: t.web.Label, source: webIdentity, role: t.web.RoleARN, chosen: true}
	if !strings.HasPrefix(t.web.RoleARN, "arn:"+t.registry.Partition+":") {
		return &partitionError{t.web.RoleARN}
	}
	began := time.Now()
	client := sts.NewFromConfig(*cfg)
	cfg.Credentials = awssdk.NewCredentialsCache(stscreds.NewWebIdentityRoleProvider(client, t.web.RoleARN, t.web, func(o *stscreds.WebIdentityRoleOptions) {
		o.RoleSessionName = t.web.SessionName
	}))
	keys, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return &identityError{err}
	}
	t.secrets.addKeys(keys)
	t.identity.label = fmt.Sprintf("role %s of %s", t.web.RoleARN, t.web.Label)
	t.log.Info("role assumed", "identity", t.identity.label, "took", time.Since(began))
	return nil
}

// claims tells what a trust policy must allow, "" when nothing is known.
func (t *try) claims() string {
	if t.web == nil {
		return ""
	}
	return fmt.Sprintf(`: the token has the subject (sub) "%s", the audience (aud) "%s" and the issuer %s`, t.web.Subject, strings.Join(t.web.Audience, `", "`), t.web.Issuer)
}
