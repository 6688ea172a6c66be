package aws

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"ecrlogin/registry"
)

// A Caller is who AWS says is asking.
type Caller struct {
	As      string    // which source of credentials it is, as in a Token; for people
	ARN     string    // with account and name
	Account string    // 12 digits
	Expiry  time.Time // UTC; of temporary keys whose end their source tells, zero for all others
}

// Caller asks STS, in the registry's region, as whom Token would ask. The error is one line as Token's. If there are credentials
// and merely STS cannot be reached, which a token need not, the Caller comes with the error and has As and Expiry.
func (s *Source) Caller(ctx context.Context, r registry.Registry) (Caller, error) {
	try := s.try(r)
	c, err := try.caller(ctx)
	if err != nil {
		return c, try.explain(ctx, err)
	}
	return c, nil
}

func (t *try) caller(ctx context.Context) (Caller, error) {
	cfg, err := t.identify(ctx)
	if err != nil {
		return Caller{}, err
	}
	keys, err := cfg.Credentials.Retrieve(ctx) // at hand by now
	if err != nil {
		return Caller{}, &identityError{err}
	}
	c := Caller{As: t.identity.label}
	if keys.CanExpire {
		c.Expiry = keys.Expires.UTC()
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	var unsent *url.Error
	switch {
	case errors.As(err, &unsent):
		return c, fmt.Errorf("calling STS: %w", err)
	case err != nil:
		return Caller{}, fmt.Errorf("calling STS: %w", err)
	}
	c.ARN, c.Account = awssdk.ToString(who.Arn), awssdk.ToString(who.Account)
	return c, nil
}

// Advice takes an error of this package, or of net/http, apart: what went wrong, and what to do next, which is "" when nobody
// can say.
func Advice(err error) (cause, next string) {
	var f *failure
	var sent *url.Error
	switch {
	case errors.As(err, &f):
		return f.cause, f.next
	case errors.As(err, &sent):
		return networkCause(err) + distrusted(err), networkNext(err)
	}
	return oneLine("%v", err), ""
}
