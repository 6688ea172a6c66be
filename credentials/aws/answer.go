package aws

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"ecrlogin/credentials"
)

// errAnswer is wrapped by every error about a response that is valid JSON but not usable.
var errAnswer = errors.New("invalid response")

// tokenOf validates the response of either API, in which data may be nil, and returns its token. Its errors contain no
// part of the token.
func tokenOf(data *types.AuthorizationData, now time.Time) (credentials.Token, error) {
	invalid := func(format string, args ...any) (credentials.Token, error) {
		return credentials.Token{}, fmt.Errorf("%w: %s", errAnswer, fmt.Sprintf(format, args...))
	}
	if data == nil {
		return invalid("no authorization data")
	}
	encoded := awssdk.ToString(data.AuthorizationToken)
	plain, err := base64.StdEncoding.DecodeString(encoded)
	user, password, ok := strings.Cut(string(plain), ":")
	expiry := earlier(awssdk.ToTime(data.ExpiresAt), credentials.Expiration(password)).UTC()
	switch {
	case encoded == "":
		return invalid("no authorization token")
	case err != nil:
		return invalid("the authorization token is not valid base64")
	case !ok:
		return invalid("the authorization token has no colon between user name and password")
	case user == "" || password == "":
		return invalid("the authorization token has an empty user name or password")
	case expiry.IsZero():
		return invalid("the token has no expiration time")
	case !expiry.After(now):
		return invalid("the token expired at %s (local clock: %s)", expiry.Format(time.RFC3339), now.Format(time.RFC3339))
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
