package aws

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"ecrlogin/credentials"
)

// An answer is the unchecked response of either API.
type answer struct {
	given   bool      // whether the response has authorization data
	encoded string    // base64 of USER:PASSWORD
	expiry  time.Time // zero when missing
}

// errAnswer is wrapped by every error about a response that is valid JSON but not usable.
var errAnswer = errors.New("invalid response")

// token validates the answer and returns its token. Its errors contain no part of the token.
func (a answer) token(now time.Time) (credentials.Token, error) {
	if !a.given {
		return credentials.Token{}, fmt.Errorf("%w: no authorization data", errAnswer)
	}
	if a.encoded == "" {
		return credentials.Token{}, fmt.Errorf("%w: no authorization token", errAnswer)
	}
	plain, err := base64.StdEncoding.DecodeString(a.encoded)
	if err != nil {
		return credentials.Token{}, fmt.Errorf("%w: the authorization token is not valid base64", errAnswer)
	}
	user, password, ok := strings.Cut(string(plain), ":")
	if !ok {
		return credentials.Token{}, fmt.Errorf("%w: the authorization token has no colon between user name and password", errAnswer)
	}
	if user == "" || password == "" {
		return credentials.Token{}, fmt.Errorf("%w: the authorization token has an empty user name or password", errAnswer)
	}
	expiry := earlier(a.expiry, credentials.Expiration(password)).UTC()
	if expiry.IsZero() {
		return credentials.Token{}, fmt.Errorf("%w: the token has no expiration time", errAnswer)
	}
	if !expiry.After(now) {
		return credentials.Token{}, fmt.Errorf("%w: the token expired at %s (local clock: %s)",
			errAnswer, expiry.Format(time.RFC3339), now.Format(time.RFC3339))
	}
	return credentials.Token{Username: user, Password: password, Issued: now, Expiry: expiry}, nil
}

// earlier returns the earlier of two times. It ignores a zero time.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
