// Package config reads the user's configuration: the identity for each registry, aliases of ECR registries, and the
// fallback for other registries. It does not depend on AWS, and reads no other file of the user.
package config

import (
	"slices"
	"strings"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/identityconf"
	"ecrlogin/registry"
)

// A Config is the content of the configuration file. The zero Config is valid, and means that there is no file.
type Config struct {
	Path       string        // the path of the file; "" if there is none
	Registries []Rule        // the first rule that matches applies
	Fallback   string        // FallbackFile, the NAME of docker-credential-NAME, or "" for none
	Timeout    time.Duration // time limit of a get; 0 if not set
	Cache      Cache
}

// FallbackFile is the Fallback that stores passwords unencrypted in a file next to Docker's config.json, and reads
// those in "auths" of config.json.
const FallbackFile = "file"

// A Cache contains the settings of the token cache.
type Cache struct {
	Dir       string // an absolute path, or one that starts with ~/; "" if not set
	Disabled  bool
	Store     string   // the NAME of docker-credential-NAME, which stores the tokens; "" for files
	Variables []string // names, or prefixes followed by "*", of variables that affect the identity
}

// A Rule applies to the hosts that its pattern matches.
type Rule struct {
	// Match is a host in lower case, optionally with a port. "*" stands for any part of one label, as in the kubelet's
	// matchImages, so a pattern has as many labels as the hosts that it matches.
	Match string
	// Identity is zero for the default of the AWS SDK, and for an alias. It may contain placeholders, which
	// Config.Identity replaces.
	Identity credentials.Identity
	Registry string // the ECR registry whose token the host gets; "" for a rule for ECR registries
	Line     int    // line number in the file, from 1
}

// Rule returns the first rule that matches a host. The host must be in lower case, with its port if there is one. A
// nil Config has no rules.
func (c *Config) Rule(host string) (Rule, bool) {
	if c == nil {
		return Rule{}, false
	}
	for _, r := range c.Registries {
		if matches(r.Match, host) {
			return r, true
		}
	}
	return Rule{}, false
}

// Identity returns the identity to use for a registry, from the first rule that matches, without placeholders. A nil
// Config has no rules.
func (c *Config) Identity(r registry.Registry) credentials.Identity {
	rule, _ := c.Rule(r.Host)
	return identityconf.Expand(rule.Identity, r)
}

// Resolve returns the registry whose token a client gets for serverURL: the ECR registry with that host, or the one
// that the host is an alias of. For every other host the error wraps registry.ErrNotECR. A nil Config has no aliases.
func (c *Config) Resolve(serverURL string) (registry.Registry, error) {
	r, err := registry.Parse(serverURL)
	if err == nil {
		return r, nil
	}
	if address, addressErr := registry.Address(serverURL); addressErr == nil {
		if rule, ok := c.Rule(address); ok && rule.Registry != "" {
			return registry.Parse(rule.Registry)
		}
	}
	return registry.Registry{}, err
}

// Hosts returns the hosts of rules without a wildcard, sorted.
func (c *Config) Hosts() []string {
	var hosts []string
	for _, r := range c.Registries {
		if !strings.Contains(r.Match, "*") {
			hosts = append(hosts, r.Match)
		}
	}
	slices.Sort(hosts)
	return hosts
}
