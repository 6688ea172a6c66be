package awstest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// userName is the user name of every ECR token.
const userName = "AWS"

// A token is what the registry knows about a password.
type token struct {
	region  string
	public  bool // for ECR Public, where private tokens are worth nothing and the other way round
	expires time.Time
	revoked bool
}

// tokens holds the passwords that were issued.
type tokens struct {
	mu     sync.Mutex
	life   time.Duration     // of tokens to come
	issued map[string]*token // by password
}

// SetTokenLifetime sets how long tokens issued from now on are accepted. It is 12 hours at the start.
func (s *Server) SetTokenLifetime(d time.Duration) {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	s.tokens.life = d
}

// ExpireTokens makes the registries refuse every token issued so far.
func (s *Server) ExpireTokens() {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	for _, t := range s.tokens.issued {
		t.revoked = true
	}
}

// IssueToken returns a password for the registries of region, or for ECR Public, without a call of the API. The user name
// is AWS.
func (s *Server) IssueToken(region string, public bool) (password string) {
	password, _ = s.issueToken(region, public)
	return password
}

func (s *Server) issueToken(region string, public bool) (password string, expires time.Time) {
	now := s.now()
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	expires = now.Add(s.tokens.life)
	password = newPassword(expires)
	s.tokens.issued[password] = &token{region: region, public: public, expires: expires}
	return password, expires
}

// newPassword makes a password in the form of ECR's, in which a document names the data key that the payload is encrypted
// with. Its length differs from token to token, around 2,000 characters.
func newPassword(expires time.Time) string {
	document, err := json.Marshal(struct {
		Payload    string `json:"payload"`
		DataKey    string `json:"datakey"`
		Version    string `json:"version"`
		Type       string `json:"type"`
		Expiration int64  `json:"expiration"`
	}{randomText(830 + rand.IntN(64)), randomText(184), "2", "DATA_KEY", expires.Unix()})
	if err != nil {
		panic(fmt.Sprintf("awstest: marshalling a token: %v", err))
	}
	return base64.StdEncoding.EncodeToString(document)
}

// A refusal is why the registry does not take a password.
type refusal int

const (
	accepted refusal = iota
	unknownToken
	expiredToken
	foreignToken // for another region, or for ECR Public where it should be private, or the other way round
)

// check tells whether password opens the registries of region, or ECR Public. An empty region is any.
func (t *tokens) check(password, region string, public bool, now time.Time) refusal {
	t.mu.Lock()
	defer t.mu.Unlock()
	found, ok := t.issued[password]
	switch {
	case !ok:
		return unknownToken
	case found.revoked || !now.Before(found.expires):
		return expiredToken
	case region != "" && (found.region != region || found.public != public):
		return foreignToken
	}
	return accepted
}
