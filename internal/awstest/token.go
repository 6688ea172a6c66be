package awstest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// userName is the user name of every ECR token.
const userName = "AWS"

// A token is the data of an issued password.
type token struct {
	IssuedToken
	policy *policy // session policy, which limits the use of the token; nil if there is none
}

// SetTokenLifetime sets how long new tokens are accepted. The default is 12 hours.
func (s *Server) SetTokenLifetime(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokenLifetime = d
}

// IssueToken returns a password for the registries of region, or for ECR Public, without recording a call. The user
// name is AWS.
func (s *Server) IssueToken(region string, public bool) (password string) {
	password, _ = s.issueToken(token{IssuedToken: IssuedToken{Region: region, Public: public}})
	return password
}

// Passwords returns all passwords that were issued, for tests that search output for them.
func (s *Server) Passwords() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.tokens))
}

// An IssuedToken is what the stand-in knows about a password that it issued.
type IssuedToken struct {
	Region  string // whose registries accept it; us-east-1 for ECR Public
	Public  bool   // for ECR Public; private registries do not accept it, and ECR Public accepts no other
	ARN     string // of the user or session that it was issued to; "" if IssueToken issued it
	Expires time.Time
}

// Issued returns the token of a password; ok is false if s did not issue it.
func (s *Server) Issued(password string) (t IssuedToken, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	issued, ok := s.tokens[password]
	return issued.IssuedToken, ok
}

// TemporarySecrets returns the secret access keys and session tokens of all keys, and the tokens of the EC2 metadata
// service, for tests that search output for them.
func (s *Server) TemporarySecrets() (secrets []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.keys {
		secrets = append(secrets, k.Secret)
		if k.Session != "" {
			secrets = append(secrets, k.Session)
		}
	}
	return slices.AppendSeq(secrets, maps.Keys(s.metadataTokens))
}

// issueToken returns a password for a token, whose expiration time it sets.
func (s *Server) issueToken(t token) (password string, expires time.Time) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	t.Expires = now.Add(s.tokenLifetime)
	password = newPassword(t.Expires)
	s.tokens[password] = t
	return password, t.Expires
}

// newPassword returns a password in the format of ECR, a JSON document with an encrypted payload and its data key. The
// length varies around 2,000 characters.
func newPassword(expires time.Time) string {
	document, err := json.Marshal(struct {
		Payload    string `json:"payload"`
		DataKey    string `json:"datakey"`
		Version    string `json:"version"`
		Type       string `json:"type"`
		Expiration int64  `json:"expiration"`
	}{randomText(830 + rand.IntN(64)), randomText(184), "2", "DATA_KEY", expires.Unix()})
	if err != nil {
		panic(fmt.Sprintf("awstest: marshaling a token: %v", err))
	}
	return base64.StdEncoding.EncodeToString(document)
}
