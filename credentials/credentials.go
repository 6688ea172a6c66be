// Package credentials holds the two nouns that everything in this program meets at: a Token, which lets its holder
// pull and push for some hours, and a Source, which yields one. The folders below it give credentials (aws) or hand
// them out in a protocol (docker).
package credentials

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"ecrlogin/credentials/lifetime"
	"ecrlogin/registry"
)

// A Source yields a token for a registry. It is safe for concurrent use and honours the context's deadline.
//
// Its error is one line that a user can act upon, "HOST: what went wrong; what to do next", and holds no secret. The
// error wraps ErrNoIdentity when nobody was found to ask as.
type Source interface {
	Token(ctx context.Context, r registry.Registry) (Token, error)
}

// ErrNoIdentity is wrapped by a Source's error when no AWS credentials were found anywhere: nothing was refused, there
// was nothing to try. Public images can then still be pulled without a password.
var ErrNoIdentity = errors.New("no AWS credentials found")

// An Identity is whom AWS is to be asked as, as the user's configuration says. The zero Identity is what the AWS SDK finds by
// itself.
type Identity struct {
	Profile         string        // of the AWS files; "" for the SDK's own choice
	RoleARN         string        // of a role to assume with that; "" for none, and then the rest is empty too
	ExternalID      string        // that the role's trust policy asks for, if any
	RoleSessionName string        // by which the session appears in CloudTrail; "" for the program's name
	Duration        time.Duration // of the session, 15 minutes to 12 hours; 0 for 15 minutes, the AWS SDK's choice
}

// A Token is a password for a registry. No way of printing, logging or encoding a Token shows the password; who needs
// it reads the field.
type Token struct {
	Username string    // always "AWS" today
	Password string    // about 2,000 characters
	As       string    // whom it was issued to, for people: a profile or another source; may be empty
	Issued   time.Time // UTC
	Expiry   time.Time // UTC; 12 hours behind Issued today
}

// Usable reports whether the token may be handed out at a time. One without an Expiry always may.
func (t Token) Usable(now time.Time) bool {
	return t.Expiry.IsZero() || now.Before(lifetime.End(t.Issued, t.Expiry))
}

// UsableToken returns a token of a Source that may be handed out at the time of its return. Fetching one can take so long that it
// expires meanwhile, for example while a keychain waits for its user; then the Source is asked once more. It is for whoever hands
// the token out at once.
func UsableToken(ctx context.Context, s Source, r registry.Registry, now func() time.Time) (Token, error) {
	for range 2 {
		t, err := s.Token(ctx, r)
		if err != nil || t.Usable(now()) {
			return t, err
		}
	}
	return Token{}, fmt.Errorf("%s: the token expired while it was fetched, twice; check the clock, and how long the store of tokens takes to answer", r)
}

// String tells everything but the password.
func (t Token) String() string {
	return fmt.Sprintf("token of user %s, issued to %s at %s, expires %s", t.Username, t.As, t.Issued.Format(time.RFC3339), t.Expiry.Format(time.RFC3339))
}

// Format prints String for every verb of package fmt, since %#v and %d, for example, would otherwise list the fields.
func (t Token) Format(f fmt.State, _ rune) {
	fmt.Fprint(f, t.String())
}

// MarshalJSON leaves the password out: {"username","as","issued","expiry"}.
func (t Token) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Username string    `json:"username"`
		As       string    `json:"as"`
		Issued   time.Time `json:"issued"`
		Expiry   time.Time `json:"expiry"`
	}{t.Username, t.As, t.Issued, t.Expiry})
}

// LogValue leaves the password out.
func (t Token) LogValue() slog.Value {
	return slog.GroupValue(slog.String("username", t.Username), slog.String("as", t.As), slog.Time("issued", t.Issued), slog.Time("expiry", t.Expiry))
}

// Expiration reads the time that a password of ECR's carries inside: it is base64 of a JSON document with the field
// expiration, in Unix seconds, as seen in the passwords that ECR issues. It returns the zero time for any other password;
// nothing promises that form.
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
