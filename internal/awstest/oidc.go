package awstest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// A trust is a role's trust policy for web identities.
type trust struct{ subject, audience string }

// TrustIssuer makes AssumeRoleWithWebIdentity accept tokens signed with key, by RS256 as in Kubernetes' API server.
func (s *Server) TrustIssuer(key *rsa.PublicKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issuers = append(s.issuers, key)
}

// SignIDToken returns a JSON web token that contains claims and is signed with key by RS256. Claims are encoded by
// encoding/json. A Server that trusts the key expects sub, aud (a list) and exp (Unix seconds). The error is that of
// encoding/json, or about a key that is too short.
func SignIDToken(key *rsa.PrivateKey, claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode(payload)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", err
	}
	return signed + "." + encode(signature), nil
}

// AllowRoleForSubject allows tokens of a trusted issuer with this subject and audience to assume the role. Other tokens
// are denied.
func (s *Server) AllowRoleForSubject(arn, subject, audience string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trusts[arn] = append(s.trusts[arn], trust{subject, audience})
}

// errDeniedWebIdentity is AWS's error if the trust policy does not match. AWS adds no details.
var errDeniedWebIdentity = &apiError{http.StatusForbidden, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"}

// checkWebIdentity returns an error unless token may assume the role.
func (s *Server) checkWebIdentity(arn, token string) error {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	var claims struct {
		Subject  string   `json:"sub"`
		Audience []string `json:"aud"`
		Expiry   int64    `json:"exp"`
	}
	if jwtPart(token, 1) == nil {
		return &apiError{http.StatusBadRequest, "InvalidIdentityToken",
			"The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"}
	}
	if !s.signedByIssuer(token) || json.Unmarshal(jwtPart(token, 1), &claims) != nil {
		return &apiError{http.StatusBadRequest, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for this token"}
	}
	if now.Unix() >= claims.Expiry {
		return &apiError{http.StatusBadRequest, "ExpiredTokenException",
			"Token expired: current date/time must be before the expiration date/time"}
	}
	for _, t := range s.trusts[arn] {
		if t.subject == claims.Subject && slices.Contains(claims.Audience, t.audience) {
			return nil
		}
	}
	return errDeniedWebIdentity
}

// signedByIssuer reports whether the JSON web token has a valid signature by a trusted issuer.
func (s *Server) signedByIssuer(token string) bool {
	signedPart := token[:max(0, strings.LastIndexByte(token, '.'))]
	sum := sha256.Sum256([]byte(signedPart))
	return slices.ContainsFunc(s.issuers, func(key *rsa.PublicKey) bool {
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], jwtPart(token, 2)) == nil
	})
}

// jwtPart decodes part n of a JSON web token. It returns nil if the token is invalid.
func jwtPart(token string, n int) []byte {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[n])
	if err != nil {
		return nil
	}
	return b
}
