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
	"sync"
	"time"
)

// A trust is a role's trust policy for web identities.
type trust struct{ subject, audience string }

// An issuer is an identity provider of the accounts: a cluster whose service accounts can assume roles.
type issuer struct {
	mu     sync.Mutex
	keys   []*rsa.PublicKey
	trusts map[string][]trust // by ARN of the role
}

// TrustIssuer makes AssumeRoleWithWebIdentity accept tokens signed with key, by RS256 as in Kubernetes' API server.
func (s *Server) TrustIssuer(key *rsa.PublicKey) {
	s.issuer.mu.Lock()
	defer s.issuer.mu.Unlock()
	s.issuer.keys = append(s.issuer.keys, key)
}

// AllowRoleForSubject allows tokens of a trusted issuer with this subject and audience to assume the role. Other tokens
// are denied.
func (s *Server) AllowRoleForSubject(arn, subject, audience string) {
	s.issuer.mu.Lock()
	defer s.issuer.mu.Unlock()
	if s.issuer.trusts == nil {
		s.issuer.trusts = map[string][]trust{}
	}
	s.issuer.trusts[arn] = append(s.issuer.trusts[arn], trust{subject, audience})
}

// errDeniedWebIdentity is AWS's error if the trust policy does not match. AWS adds no details.
var errDeniedWebIdentity = &apiError{http.StatusForbidden, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"}

// check returns an error unless token may assume the role.
func (i *issuer) check(arn, token string, now time.Time) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	var claims struct {
		Subject  string   `json:"sub"`
		Audience []string `json:"aud"`
		Expiry   int64    `json:"exp"`
	}
	if jwtPart(token, 1) == nil {
		return &apiError{http.StatusBadRequest, "InvalidIdentityToken",
			"The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"}
	}
	if !i.signed(token) || json.Unmarshal(jwtPart(token, 1), &claims) != nil {
		return &apiError{http.StatusBadRequest, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for this token"}
	}
	if now.Unix() >= claims.Expiry {
		return &apiError{http.StatusBadRequest, "ExpiredTokenException", "Token expired: current date/time must be before the expiration date/time"}
	}
	for _, t := range i.trusts[arn] {
		if t.subject == claims.Subject && slices.Contains(claims.Audience, t.audience) {
			return nil
		}
	}
	return errDeniedWebIdentity
}

// signed reports whether the JSON web token has a valid signature by one of the keys.
func (i *issuer) signed(token string) bool {
	signedPart := token[:max(0, strings.LastIndexByte(token, '.'))]
	sum := sha256.Sum256([]byte(signedPart))
	return slices.ContainsFunc(i.keys, func(key *rsa.PublicKey) bool {
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
