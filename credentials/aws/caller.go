package aws

import (
	"context"
	"fmt"
	"net/url"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"ecrlogin/registry"
)

// Caller is the AWS identity that STS reports for the credentials in use.
type Caller struct {
	IssuedTo string    // description of the source of the credentials, as in a Token
	ARN      string    // ARN of the user or role
	Account  string    // 12 digits
	Expiry   time.Time // expiration of temporary credentials in UTC; zero if there is none or it is unknown
}

// Caller calls STS in the registry's region with the credentials that Token would use. The error is a
// *credentials.Error. If there are credentials but STS cannot be reached, Caller returns an error together with a
// Caller that has IssuedTo and Expiry, because Token may still succeed.
func (s *Source) Caller(ctx context.Context, r registry.Registry) (Caller, error) {
	try := s.try(r)
	defer try.close()
	c, err := try.caller(ctx)
	return c, try.explain(ctx, err)
}

func (t *try) caller(ctx context.Context) (Caller, error) {
	cfg, err := t.identify(ctx, callSTS)
	if err != nil {
		return Caller{}, err
	}
	c := Caller{IssuedTo: t.identity.label}
	if t.keys.CanExpire {
		c.Expiry = t.keys.Expires.UTC()
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		if !is[*url.Error](err) {
			c = Caller{}
		}
		return c, fmt.Errorf("calling STS: %w", err)
	}
	c.ARN, c.Account = awssdk.ToString(who.Arn), awssdk.ToString(who.Account)
	return c, nil
}
