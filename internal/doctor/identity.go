package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
)

// identity checks which AWS identity requests the token.
func (e *exam) identity(ctx context.Context) result {
	r := e.whoAsks(ctx)
	if name := e.overridden(); name != "" {
		r.found += fmt.Sprintf("; %s %q is ignored, because these keys take precedence", name, os.Getenv(name))
		r.next = strings.TrimPrefix(r.next+"; to use the profile: unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN", "; ")
	}
	return r
}

// overridden returns the variable whose profile is ignored because the environment contains access keys, "" if there
// is none.
func (e *exam) overridden() string {
	if e.Config.Identity(e.registry).Profile != "" || os.Getenv("AWS_ACCESS_KEY_ID") == "" || os.Getenv("AWS_SECRET_ACCESS_KEY") == "" {
		return ""
	}
	for _, name := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} {
		if os.Getenv(name) != "" {
			return name
		}
	}
	return ""
}

func (e *exam) whoAsks(ctx context.Context) result {
	var err error
	e.caller, err = e.Source.Caller(ctx, e.registry)
	cause, next := "", ""
	if err != nil {
		cause, next = aws.Advice(err)
	}
	switch who := e.caller; {
	case err != nil && who.IssuedTo != "":
		return ok("%s; the ARN is unavailable, but not required for a token: %s", who.IssuedTo, cause)
	case e.registry.Public && errors.Is(err, credentials.ErrNoIdentity):
		return skipped("no AWS identity, so clients pull from Amazon ECR Public without a password: %s", cause)
	case err != nil:
		return e.or(failed("%s", cause).then("%s", next))
	case !who.Expiry.IsZero():
		return ok("%s, from %s, expires in %s", who.ARN, who.IssuedTo, minutes(time.Until(who.Expiry)))
	default:
		return ok("%s, from %s", who.ARN, who.IssuedTo)
	}
}

// askToken requests a token from AWS, even if one is cached.
func (e *exam) askToken(ctx context.Context) result {
	var err error
	e.token, err = e.Source.Token(ctx, e.registry)
	switch {
	case e.registry.Public && errors.Is(err, credentials.ErrNoIdentity):
		return skipped("skipped (no AWS identity)")
	case err != nil:
		cause, next := aws.Advice(err)
		return e.or(failed("%s", cause).then("%s", next))
	}
	return ok("Amazon ECR issued a password for user %s, valid for %s", e.token.Username, minutes(e.token.Expiry.Sub(e.token.Issued)))
}

// or adds a next step if there is none: run doctor again with debug logs.
func (e *exam) or(r result) result {
	if r.next == "" {
		r.next = fmt.Sprintf("ECR_LOGIN_LOG=debug %s doctor %s", binary, e.address)
	}
	return r
}

// minutes formats a duration with a precision of minutes, or of seconds if it is under a minute.
func minutes(d time.Duration) string {
	if d.Abs() < time.Minute {
		return d.Round(time.Second).String()
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}
