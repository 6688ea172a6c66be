// Package credentials defines the two types that connect the parts of this program: a Token, a registry password that
// is valid for some hours, and a Source, which returns tokens. Of the packages below it, some provide credentials
// (such as aws) and some return them to clients via a protocol (such as docker and kubelet).
package credentials

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"ecrlogin/internal/lifetime"
	"ecrlogin/registry"
)

// A Source returns a token for a registry. It is safe for concurrent use and respects the context's deadline.
//
// Its error is an *Error, or wraps one. Its text is one line that a user can act on and contains no secret. The error
// wraps ErrNoIdentity if no AWS credentials were found, and ErrConfiguration if the configuration is wrong.
type Source interface {
	Token(ctx context.Context, r registry.Registry) (Token, error)
}

var (
	// ErrNoIdentity reports that no AWS credentials were found, as opposed to credentials that AWS rejected.
	ErrNoIdentity = errors.New("no AWS credentials found")
	// ErrConfiguration reports a mistake in the configuration of this program, as opposed to that of AWS.
	ErrConfiguration = errors.New("invalid configuration")
	// ErrReported reports a failure that another process has already reported to the same client.
	ErrReported = errors.New("already reported to the client")
)

// Anonymous reports whether a client should continue without a password after an error of a Source. It should for
// Amazon ECR Public, because anyone can pull its images, also if AWS rejects the identity or cannot be reached. A
// mistake in the configuration of this program remains an error: the wrong identity is worse than a failed pull.
func Anonymous(r registry.Registry, err error) bool {
	return r.Public && err != nil && !errors.Is(err, ErrConfiguration)
}

// An Identity is the AWS identity that the user's configuration selects. The zero Identity is the AWS SDK's default.
type Identity struct {
	Profile         string        // in the AWS files; "" for the SDK's default
	RoleARN         string        // the role to assume; "" for none, and then the fields below are empty too
	ExternalID      string        // the external ID that the role's trust policy requires, if any
	RoleSessionName string        // the session's name in CloudTrail; "" for the program's name
	Policy          string        // inline session policy (JSON) that limits the role's permissions; "" for none
	Duration        time.Duration // of the session, 15 minutes to 12 hours; 0 for the AWS SDK's default, 15 minutes
}

// A WebIdentity is an OIDC token and the role to assume with it.
type WebIdentity struct {
	RoleARN     string
	Token       string `json:"-"` // OIDC token; a secret
	SessionName string // session name in CloudTrail, 2 to 64 characters
	Label       string // description for messages and logs

	// Claims of the token, for messages about the role's trust policy.
	Subject, Issuer string
	Audience        []string
}

// Format prints the label for every verb of package fmt, never the token.
func (w WebIdentity) Format(f fmt.State, _ rune) { fmt.Fprint(f, w.Label) }

// ValidRoleARN reports whether s is the ARN of an IAM role, such as arn:aws:iam::123456789012:role/NAME.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
func ValidRoleARN(s string) bool {
	valid, err := regexp.MatchString(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+$`, s)
	return valid && err == nil
}

// A Token is a password for a registry. Printing, logging or encoding a Token never shows the password; only the field
// itself contains it.
type Token struct {
	Username string    `json:"username"` // always "AWS" today
	Password string    `json:"-"`        // about 2,000 characters
	IssuedTo string    `json:"issuedTo"` // the profile or other source of the identity it was issued to, for display; may be empty
	Issued   time.Time `json:"issued"`   // UTC
	Expiry   time.Time `json:"expiry"`   // UTC; currently 12 hours after Issued
}

// Usable reports whether the token may be returned to a client at the given time. A token without an Expiry always
// may.
func (t Token) Usable(now time.Time) bool {
	return t.Expiry.IsZero() || now.Before(lifetime.End(t.Issued, t.Expiry))
}

// UsableToken returns a token from a Source that is still usable when UsableToken returns. A token can expire while
// it is fetched, for example while a keychain waits for the user; the Source is then called once more. It is for
// callers that return the token to a client immediately.
func UsableToken(ctx context.Context, s Source, r registry.Registry) (Token, error) {
	for range 2 {
		t, err := s.Token(ctx, r)
		if err != nil || t.Usable(time.Now()) {
			return t, err
		}
	}
	return Token{}, &Error{
		Host:  r.Host,
		Cause: "two tokens expired while they were fetched",
		Next:  "check the system clock and the response time of the credential store",
	}
}

// Format prints a description without the password, for every verb of package fmt.
func (t Token) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "token of user %s, issued to %s at %s, expires %s",
		t.Username, t.IssuedTo, t.Issued.Format(time.RFC3339), t.Expiry.Format(time.RFC3339))
}

// Expiration returns the expiration time inside an ECR password, which is a base64-encoded JSON document with the
// field expiration in Unix seconds. It returns the zero time for any other password. The format is observed, not
// documented.
func Expiration(password string) time.Time {
	plain, err := base64.StdEncoding.DecodeString(password)
	if err != nil {
		return time.Time{}
	}
	var inside struct {
		Expiration int64 `json:"expiration"`
	}
	if json.Unmarshal(plain, &inside) != nil || inside.Expiration <= 0 {
		return time.Time{}
	}
	return time.Unix(inside.Expiration, 0).UTC()
}
