package awstest

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"
)

// The identity that a Server accepts from its start.
const (
	KeyID     = "AKIAIOSFODNN7EXAMPLE"
	SecretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	Account   = "123456789012"
)

// keyLifetime is how long temporary keys are valid, unless the client requests another duration.
const keyLifetime = time.Hour

// A Key is an AWS access key.
type Key struct {
	ID      string
	Secret  string
	Session string // session token; empty for long-lived keys
	Account string // 12 digits
	Expired bool
}

// A key is a Key with the data that clients do not have.
type key struct {
	Key
	userID  string
	arn     string
	policy  *policy   // session policy; nil if there is none
	expires time.Time // zero means only Expired applies
}

func (k key) expired(now time.Time) bool {
	return k.Expired || !k.expires.IsZero() && !now.Before(k.expires)
}

// AddKey adds k, or replaces the key with the same ID. It belongs to the IAM user "awstest" of its account.
func (s *Server) AddKey(k Key) {
	s.add(key{Key: k, userID: "AIDAAWSTESTEXAMPLE000", arn: "arn:aws:iam::" + k.Account + ":user/awstest"})
}

func (s *Server) add(k key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[k.ID] = k
}

// AllowRole allows all identities to assume the role with this ARN, such as arn:aws:iam::210987654321:role/pull. Other
// roles are denied.
func (s *Server) AllowRole(arn string) { s.AllowRoleWithExternalID(arn, "") }

// AllowRoleWithExternalID is AllowRole for a role whose trust policy requires an external ID.
func (s *Server) AllowRoleWithExternalID(arn, externalID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.roles[arn] = externalID
}

// A role is an IAM role.
type role struct {
	partition, account, name string // name does not include the path
}

// parseRole parses an ARN such as arn:aws:iam::210987654321:role/path/name.
func parseRole(arn string) (role, bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "iam" {
		return role{}, false
	}
	path, ok := strings.CutPrefix(parts[5], "role/")
	if !ok {
		return role{}, false
	}
	return role{partition: parts[1], account: parts[4], name: path[strings.LastIndexByte(path, '/')+1:]}, true
}

// mint creates a temporary key for a session of r, with the session policy p.
func (s *Server) mint(r role, session string, life time.Duration, p *policy) key {
	k := key{
		Key: Key{
			ID:      "ASIA" + rand.Text()[:16],
			Secret:  randomText(30),
			Session: randomText(360),
			Account: r.account,
		},
		userID:  "AROAAWSTESTEXAMPLE000:" + session,
		arn:     fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", r.partition, r.account, r.name, session),
		policy:  p,
		expires: s.now().Add(life).UTC().Truncate(time.Second),
	}
	s.add(k)
	return k
}
