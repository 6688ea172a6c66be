package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/check"
)

// identity checks which AWS identity requests the token.
func (c *checker) identity(ctx context.Context) check.Result {
	r := c.caller(ctx)
	if c.Config.Identity(c.Registry).Profile != "" || c.Env.Get("AWS_ACCESS_KEY_ID") == "" || c.Env.Get("AWS_SECRET_ACCESS_KEY") == "" {
		return r
	}
	for _, name := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} {
		if profile := c.Env.Get(name); profile != "" {
			r.Found += fmt.Sprintf("; AWS_ACCESS_KEY_ID overrides %s %q", name, profile)
			r.Next = strings.TrimPrefix(r.Next+"; to use the profile: unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN", "; ")
			break
		}
	}
	return r
}

func (c *checker) caller(ctx context.Context) check.Result {
	who, err := c.Source.Caller(ctx, c.Registry)
	c.Caller = who
	if err == nil {
		r := check.OK("%s, from %s", who.ARN, who.IssuedTo)
		if !who.Expiry.IsZero() {
			r.Found += ", expires in " + check.Minutes(time.Until(who.Expiry))
		}
		return r
	}
	failed := check.Error(err)
	switch {
	case who.IssuedTo != "":
		return check.OK("%s; the ARN is unavailable, but not required for a token: %s", who.IssuedTo, failed.Found)
	case c.Registry.Public && errors.Is(err, credentials.ErrNoIdentity):
		return check.Skipped("no AWS identity, so clients pull from Amazon ECR Public without a password: %s", failed.Found)
	}
	return failed
}

// token requests a token from AWS, even if one is cached.
func (c *checker) token(ctx context.Context) check.Result {
	var err error
	c.Token, err = c.Source.Token(ctx, c.Registry)
	switch {
	case c.Registry.Public && errors.Is(err, credentials.ErrNoIdentity):
		return check.Skipped("skipped (no AWS identity)")
	case err != nil:
		return check.Error(err)
	}
	lifetime := c.Token.Expiry.Sub(c.Token.Issued)
	return check.OK("Amazon ECR issued a password for user %s, valid for %s", c.Token.Username, check.Minutes(lifetime))
}
