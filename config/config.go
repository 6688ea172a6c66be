// Package config reads the user's configuration: which identity asks for which registry, which other hosts get an ECR
// registry's token, and who answers for everybody else's registries. It does not know AWS, and reads no other file.
package config

import (
	"net"
	"slices"
	"strings"
	"time"

	"ecrlogin/config/file"
	"ecrlogin/credentials"
	"ecrlogin/registry"
)

// A Config is what the file says. The zero Config is that of no file, and is good.
type Config struct {
	Path       string        // where it was read from; "" when there is no file
	Skipped    string        // a file that counts as missing, see file.File
	Registries []Rule        // the first that matches counts
	Fallback   string        // "": nobody; FallbackFile; or the NAME of docker-credential-NAME
	Timeout    time.Duration // the longest a get may take; 0 when it is not set
	Cache      Cache
}

// FallbackFile is the Fallback to plain passwords in a file beside Docker's config.json, and those in its "auths".
const FallbackFile = "file"

// A Cache says where tokens are kept, and which other variables decide whose they are.
type Cache struct {
	Dir       string // an absolute path; "" when it is not set
	Disabled  bool
	Store     string   // the NAME of docker-credential-NAME, which keeps them in place of files; "" for files
	Variables []string // names, or the beginnings of names with a "*" behind
}

// A Rule is about the hosts that its pattern matches.
type Rule struct {
	// Match is a host, in lower case and perhaps with a port. "*" stands for any part of one label, so that a pattern has as
	// many labels as what it matches, which is how kubelet's matchImages does it.
	Match    string
	Identity credentials.Identity // who asks; zero for the SDK's own choice, and in an alias
	Alias    string               // the host of the ECR registry whose token this host gets; "" for a rule about an ECR registry
	Line     int                  // in the file, from 1
}

// Load reads the file, see file.Read, to which it hands flag. No file is no error. An error says what is wrong, where and with
// which line, and what to do; an *Error if it is in the file.
func Load(flag string) (*Config, error) {
	f, err := file.Read(flag)
	if err != nil {
		return nil, err
	}
	c := new(Config)
	if f.Path != "" {
		if c, err = Parse(f.Path, f.Content); err != nil {
			return nil, err
		}
	}
	c.Skipped = f.Skipped
	return c, nil
}

// Rule returns the first rule that matches a host, which is in lower case and has its port if there is one. It may be
// called on nil.
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

// Identity returns who asks for a registry: what the first rule that matches says. It may be called on nil.
func (c *Config) Identity(r registry.Registry) credentials.Identity {
	rule, _ := c.Rule(r.Host)
	return rule.Identity
}

// Resolve tells whose token a client is to get for what it sent: that of the ECR registry by that name, or of the one that
// the host is an alias of. For every other host the error wraps registry.ErrNotECR. It may be called on nil.
func (c *Config) Resolve(serverURL string) (registry.Registry, error) {
	r, err := registry.Parse(serverURL)
	if err == nil {
		return r, nil
	}
	host, port, hostErr := registry.SplitHost(serverURL)
	if hostErr != nil {
		return registry.Registry{}, err
	}
	if port != "" {
		host = net.JoinHostPort(host, port)
	}
	if rule, ok := c.Rule(host); ok && rule.Alias != "" {
		return registry.Parse(rule.Alias)
	}
	return registry.Registry{}, err
}

// Hosts returns the hosts that rules spell out without a wildcard, sorted.
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
