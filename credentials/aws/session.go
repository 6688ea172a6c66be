package aws

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"

	"ecrlogin/internal/atomicfile"
	"ecrlogin/internal/userfile"
)

// errRenewed reports that the file of an SSO session was replaced, so that the credentials can be retrieved with it.
var errRenewed = errors.New("the SSO session was renewed")

// A renewalError reports why the SSO session of another user cannot be renewed.
type renewalError struct{ error }

// Unwrap returns the cause.
func (e renewalError) Unwrap() error { return e.error }

// A sessionClient renews SSO sessions. The SDK replaces the file of a session with one of this process's user. With
// sudo -E, that is a file of root in the home directory of a user, who could no longer read it. A sessionClient replaces
// such a file itself, with the rights of its owner.
type sessionClient struct {
	ssocreds.CreateTokenAPIClient
	file string // with the session
}

// withOwnersSession sets an option that keeps the SDK from replacing the session file of another user.
func withOwnersSession(o *config.LoadOptions) error {
	o.SSOTokenProviderOptions = func(o *ssocreds.SSOTokenProviderOptions) {
		o.Client = sessionClient{o.Client, o.CachedTokenFilepath}
	}
	return nil
}

// CreateToken implements ssocreds.CreateTokenAPIClient. If it has replaced the file, it returns errRenewed, so that the
// SDK does not replace it again.
func (c sessionClient) CreateToken(
	ctx context.Context, in *ssooidc.CreateTokenInput, options ...func(*ssooidc.Options),
) (*ssooidc.CreateTokenOutput, error) {
	if !atomicfile.Foreign(c.file) {
		return c.CreateTokenAPIClient.CreateToken(ctx, in, options...)
	}
	session, err := userfile.Read(c.file)
	if err != nil {
		return nil, renewalError{err}
	}
	out, err := c.CreateTokenAPIClient.CreateToken(ctx, in, options...)
	if err != nil {
		return nil, err
	}
	content, err := renewed(session.Content, out)
	if err == nil {
		err = session.Replace(content)
	}
	if err != nil {
		return nil, renewalError{err}
	}
	return nil, errRenewed
}

// renewed returns the content of a session file with new tokens. The other keys do not change.
func renewed(content []byte, out *ssooidc.CreateTokenOutput) ([]byte, error) {
	var session map[string]any
	if err := json.Unmarshal(content, &session); err != nil || session == nil {
		return nil, errors.New("the file of the SSO session is not a JSON object") // err may contain part of a token
	}
	expires := time.Now().Add(time.Duration(out.ExpiresIn) * time.Second)
	session["accessToken"] = awssdk.ToString(out.AccessToken)
	session["refreshToken"] = awssdk.ToString(out.RefreshToken)
	session["expiresAt"] = expires.UTC().Format(time.RFC3339)
	content, err := json.Marshal(session)
	if err != nil {
		return nil, fmt.Errorf("encoding the SSO session: %w", err)
	}
	return content, nil
}
