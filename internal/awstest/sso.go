package awstest

import (
	"crypto/fips140"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// ssoLifetime is how long an access token of IAM Identity Center is valid.
const ssoLifetime = 8 * time.Hour

// SSOAccessToken returns the newest access token. GetRoleCredentials accepts it and the earlier ones.
func (s *Server) SSOAccessToken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accessTokens[len(s.accessTokens)-1]
}

// SSORefreshToken returns the refresh token that CreateToken accepts.
func (s *Server) SSORefreshToken() string { return s.refreshToken }

// getRoleCredentials returns a key for any account and role.
func (s *Server) getRoleCredentials(r *request) (answer, error) {
	s.mu.Lock()
	ok := slices.Contains(s.accessTokens, r.Header.Get("X-Amz-Sso_bearer_token"))
	s.mu.Unlock()
	if !ok {
		return answer{}, &apiError{http.StatusUnauthorized, "UnauthorizedException", "Session token not found or invalid"}
	}
	q := r.URL.Query()
	if q.Get("account_id") == "" || q.Get("role_name") == "" {
		return answer{}, &apiError{http.StatusBadRequest, "InvalidRequestException", "account_id and role_name are required"}
	}
	role := role{partition: "aws", account: q.Get("account_id"), name: "AWSReservedSSO_" + q.Get("role_name") + "_0123456789abcdef"}
	k := s.mint(role, "awstest", keyLifetime, nil)
	type credentials struct {
		AccessKeyID     string `json:"accessKeyId"`
		SecretAccessKey string `json:"secretAccessKey"`
		SessionToken    string `json:"sessionToken"`
		Expiration      int64  `json:"expiration"` // Unix milliseconds
	}
	return jsonAnswer(http.StatusOK, "application/json", map[string]credentials{
		"roleCredentials": {k.ID, k.Secret, k.Session, k.expires.UnixMilli()},
	}), nil
}

// createToken returns a new access token and the same refresh token.
func (s *Server) createToken(r *request) (answer, error) {
	var in struct{ GrantType, RefreshToken string }
	if err := json.Unmarshal(r.body, &in); err != nil {
		return answer{}, &apiError{http.StatusBadRequest, "InvalidRequestException", err.Error()}
	}
	if in.GrantType != "refresh_token" {
		return answer{}, &apiError{http.StatusBadRequest, "UnsupportedGrantTypeException", "only refresh_token is supported"}
	}
	if in.RefreshToken != s.refreshToken {
		return answer{}, &apiError{http.StatusBadRequest, "InvalidGrantException", "Invalid refresh token provided"}
	}
	access := randomText(120)
	s.mu.Lock()
	s.accessTokens = append(s.accessTokens, access)
	s.mu.Unlock()
	return jsonAnswer(http.StatusOK, "application/json", struct {
		AccessToken  string `json:"accessToken"`
		TokenType    string `json:"tokenType"`
		ExpiresIn    int    `json:"expiresIn"` // seconds
		RefreshToken string `json:"refreshToken"`
	}{access, "Bearer", int(ssoLifetime.Seconds()), s.refreshToken}), nil
}

// WriteSSOCache writes the file that "aws sso login" writes in the home directory, with the expiration time expires.
// The key is the name of the sso-session, or the start URL of a profile without one.
func (s *Server) WriteSSOCache(home, key string, expires time.Time) error {
	content, err := json.Marshal(map[string]string{
		"startUrl":              "https://awstest.awsapps.com/start",
		"region":                "us-east-1",
		"accessToken":           s.SSOAccessToken(),
		"expiresAt":             expires.UTC().Format(time.RFC3339),
		"refreshToken":          s.SSORefreshToken(),
		"clientId":              "awstest-client",
		"clientSecret":          "awstest-client-secret",
		"registrationExpiresAt": expires.Add(90 * 24 * time.Hour).UTC().Format(time.RFC3339),
	})
	if err != nil {
		return err
	}
	dir := filepath.Join(home, ".aws", "sso", "cache")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("writing the SSO cache: %w", err)
	}
	var sum [sha1.Size]byte
	fips140.WithoutEnforcement(func() { sum = sha1.Sum([]byte(key)) }) // the name of a file only
	if err := os.WriteFile(filepath.Join(dir, hex.EncodeToString(sum[:])+".json"), content, 0o600); err != nil {
		return fmt.Errorf("writing the SSO cache: %w", err)
	}
	return nil
}
