// Package identityconf reads the keys of configuration files that select an AWS identity. They are the same in all
// files.
package identityconf

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"ecrlogin/credentials"
	"ecrlogin/internal/advice"
	"ecrlogin/internal/strictyaml"
	"ecrlogin/registry"
)

// Keys are the keys of one mapping. After the mapping is read, call Check.
type Keys struct {
	strictyaml.Reader
	id *credentials.Identity

	role, session       *yaml.Node // the values of roleArn and roleSessionName, or nil
	allow, repositories *yaml.Node // the values of these keys, or nil
	allowed             string     // "pull" or ""
	patterns            []string   // of repositories
}

// New returns the keys of a mapping that set id. The role and the name of its session may contain placeholders; see
// Expand.
func New(r strictyaml.Reader, id *credentials.Identity) *Keys { return &Keys{Reader: r, id: id} }

// Fields returns the keys.
func (k *Keys) Fields() map[string]strictyaml.Field {
	id := k.id
	return map[string]strictyaml.Field{
		"profile":         k.profile(),
		"roleArn":         k.template(&k.role, roleARN, k.Text(&id.RoleARN, checkRole)),
		"externalId":      k.Text(&id.ExternalID, word(1224, ":/")),
		"roleSessionName": k.template(&k.session, roleSessionName, k.Text(&id.RoleSessionName, checkSession)),
		"allow": func(n *yaml.Node) error {
			k.allow = n
			return k.Text(&k.allowed, checkAllow)(n)
		},
		"repositories": k.repositoryList(),
		"duration":     k.Duration(&id.Duration, 15*time.Minute, 12*time.Hour),
		"mfaSerial": func(n *yaml.Node) error {
			return k.Wrong(n, advice.
				Errorf("mfaSerial is not supported, because an MFA code cannot be entered while an image is pulled").
				Then("set profile to a session that was started with an MFA code, for example via: aws sts get-session-token"))
		},
	}
}

// Check sets the session policy. It returns an error if the keys of the mapping contradict each other, or do not apply
// to its registries. For a pattern, registries contains an example.
func (k *Keys) Check(mapping *yaml.Node, registries ...registry.Registry) error {
	id := k.id
	if id.RoleARN == "" && (id.ExternalID != "" || id.RoleSessionName != "" || id.Duration != 0) {
		return k.Wrong(mapping, advice.Errorf("externalId, roleSessionName and duration require a role").Then("add roleArn"))
	}
	if err := k.checkAccount(registries); err != nil {
		return err
	}
	return k.setPolicy(registries)
}

// wordLetters are the characters that STS accepts in names.
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const wordLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-"

// word returns a check for strings of 2 to longest characters of wordLetters and others.
func word(longest int, others string) func(string) error {
	return func(s string) error {
		if len(s) < 2 || len(s) > longest || strings.Trim(s, wordLetters+others) != "" {
			return fmt.Errorf("must have 2 to %d characters: letters, digits, or any of _+=,.@-%s", longest, others)
		}
		return nil
	}
}

// checkSession checks the name of a session, which may contain placeholders.
func checkSession(s string) error {
	text := s
	for _, name := range roleSessionName.names {
		text = strings.ReplaceAll(text, "${"+name+"}", "")
	}
	switch check := word(maxSession, ""); {
	case text == s:
		return check(s)
	case text == "":
		return nil
	default:
		return check(text + "--") // the placeholders stand for at least two characters
	}
}

func checkRole(s string) error {
	if !credentials.ValidRoleARN(Expand(credentials.Identity{RoleARN: s}, sample).RoleARN) {
		return errors.New("a role ARN has the form arn:aws:iam::123456789012:role/NAME")
	}
	return nil
}

// sample is a registry to check role ARNs with placeholders.
var sample = registry.Registry{
	Host:   "123456789012.dkr.ecr.us-west-2.amazonaws.com",
	Region: "us-west-2", Account: "123456789012", Partition: "aws",
}
