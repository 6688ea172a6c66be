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
)

// Fields returns the keys of a mapping that set the identity. After the mapping is read, call Check.
func Fields(r strictyaml.Reader, id *credentials.Identity) map[string]strictyaml.Field {
	return map[string]strictyaml.Field{
		"profile":         r.Text(&id.Profile, func(string) error { return nil }),
		"roleArn":         r.Text(&id.RoleARN, checkRole),
		"externalId":      r.Text(&id.ExternalID, word(1224, ":/")),
		"roleSessionName": r.Text(&id.RoleSessionName, word(64, "")),
		"duration":        r.Duration(&id.Duration, 15*time.Minute, 12*time.Hour),
		"mfaSerial": func(n *yaml.Node) error {
			return r.Wrong(n, advice.
				Errorf("mfaSerial is not supported, because an MFA code cannot be entered while an image is pulled").
				Then("set profile to a session that was started with an MFA code, for example via: aws sts get-session-token"))
		},
	}
}

// Check returns an error if the keys contradict each other.
func Check(id credentials.Identity) error {
	if id.RoleARN == "" && (id.ExternalID != "" || id.RoleSessionName != "" || id.Duration != 0) {
		return advice.Errorf("externalId, roleSessionName and duration require a role").Then("add roleArn")
	}
	return nil
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

func checkRole(s string) error {
	if !credentials.ValidRoleARN(s) {
		return errors.New("a role ARN has the form arn:aws:iam::123456789012:role/NAME")
	}
	return nil
}
