package config

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/identityconf"
	"ecrlogin/internal/program"
	"ecrlogin/internal/strictyaml"
	"ecrlogin/registry"
)

// config reads the whole file.
func (p document) config(n *yaml.Node, c *Config) error {
	return p.Mapping(n, "the configuration", map[string]strictyaml.Field{
		"registries": p.registries(&c.Registries),
		"fallback":   p.Text(&c.Fallback, checkHelper),
		"timeout":    p.Duration(&c.Timeout, time.Second, time.Hour),
		"cache": func(n *yaml.Node) error {
			return p.Mapping(n, "cache", map[string]strictyaml.Field{
				"dir":      p.Text(&c.Cache.Dir, checkDir),
				"disabled": p.Truth(&c.Cache.Disabled),
				"store": p.Text(&c.Cache.Store, func(s string) error {
					if s == FallbackFile {
						return advice.Errorf("tokens are stored in files by default").Then("remove the key")
					}
					return checkHelper(s)
				}),
				"variables": p.variables(&c.Cache.Variables),
			})
		},
	})
}

// variables returns a field that reads a list of variable names.
func (p document) variables(into *[]string) strictyaml.Field {
	return p.List("variables must be a list of names, such as [VAULT_ROLE, TEAM_*]", func(n *yaml.Node) error {
		var name string
		if err := p.Text(&name, checkVariable)(n); err != nil {
			return err
		}
		if slices.Contains(*into, name) {
			return p.Wrong(n, advice.Errorf("duplicate variable %q", name).Then("remove one"))
		}
		*into = append(*into, name)
		return nil
	})
}

// checkVariable checks the name of a variable, or a prefix followed by "*".
func checkVariable(s string) error {
	name, _ := strings.CutSuffix(s, "*")
	switch {
	case name == "":
		return advice.Errorf("it stands for the whole environment, which differs between terminals, so no cached token would be reused").
			Then("list the variables")
	case strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "", name[0] >= '0' && name[0] <= '9':
		return errors.New("must be a variable name, such as VAULT_ROLE, or a prefix followed by *, such as TEAM_*")
	}
	return nil
}

// registries returns a field that reads the rules, and rejects a rule that never applies because of an earlier one.
func (p document) registries(into *[]Rule) strictyaml.Field {
	var earlier coverage
	return p.List(`registries must be a list of rules, each starting with "- match:"`, func(n *yaml.Node) error {
		r, err := p.rule(n)
		if err != nil {
			return err
		}
		switch hiding, err := earlier.add(r); {
		case err != nil:
			return p.Wrong(n, err)
		case hiding != nil:
			return p.Wrong(n, advice.Errorf("the rule never applies, because %q in line %d matches every host that %q matches", hiding.Match, hiding.Line, r.Match).
				Then("move it before that rule, or remove it"))
		}
		*into = append(*into, r)
		return nil
	})
}

// rule reads one rule.
func (p document) rule(n *yaml.Node) (Rule, error) {
	r := Rule{Line: n.Line}
	keys := identityconf.New(p.Reader, &r.Identity)
	fields := keys.Fields()
	maps.Copy(fields, map[string]strictyaml.Field{
		"match": p.Text(&r.Match, func(s string) error { return checkPattern(strings.ToLower(s)) }),
		"registry": p.Text(new(string), func(s string) error {
			alias, err := registry.Parse(s)
			if err != nil {
				return advice.Errorf("must be an ECR registry, such as 123456789012.dkr.ecr.us-west-2.amazonaws.com").
					Then("an alias of an alias is not supported")
			}
			r.Registry = alias.Host
			return nil
		}),
	})
	if err := p.Mapping(n, "a rule", fields); err != nil {
		return Rule{}, err
	}
	r.Match = strings.ToLower(r.Match)
	if err := r.contradiction(); err != nil {
		return Rule{}, p.Wrong(n, err)
	}
	return r, keys.Check(n, r.example())
}

// example returns a registry that the rule matches, the one with the longest names. It is only used to check keys.
func (r Rule) example() registry.Registry {
	for _, host := range publicHosts {
		if public, err := registry.Parse(host); err == nil && matches(r.Match, host) {
			return public
		}
	}
	const account = "123456789012"
	_, rest, _ := strings.Cut(r.Match, ".")
	if oneRegion, err := registry.Parse(account + "." + rest); err == nil {
		return oneRegion
	}
	return registry.Registry{Host: r.Match, Account: account, Region: "ap-southeast-100", Partition: "aws-us-gov"}
}

// publicHosts are the hosts of ECR Public. No pattern matches both one of them and a private registry, whose host has
// more labels.
var publicHosts = []string{"public.ecr.aws", "ecr-public.aws.com"}

// contradiction returns an error if the keys of a rule contradict each other.
func (r Rule) contradiction() error {
	id := r.Identity
	host, _, _ := strings.Cut(r.Match, ":")
	switch ecr := host != "" && matchesECR(host); {
	case r.Match == "":
		return advice.Errorf("the rule has no match").
			Then("specify the registries it applies to, for example: match: 123456789012.dkr.ecr.*.amazonaws.com")
	case ecr && strings.Contains(r.Match, ":"):
		return advice.Errorf("%q has a port, but ECR registries are matched without a port", r.Match).
			Then("remove the port")
	case r.Registry != "" && ecr:
		return advice.Errorf("%q matches ECR registries, which cannot be aliases", r.Match).
			Then("remove registry, or specify another host")
	case r.Registry != "" && wide(r.Match):
		return advice.Errorf("%q would send the token to hosts of any domain", r.Match).
			Then("write the last two labels without *")
	case r.Registry != "" && (id.Profile != "" || id.RoleARN != ""):
		return advice.Errorf("an alias cannot have profile or roleArn").
			Then("set them in a rule that matches %s", r.Registry)
	case r.Registry == "" && !ecr:
		return advice.Errorf(`%q matches no ECR registry ("*" stands for any part of one label, as in *.dkr.ecr.*.amazonaws.com)`, r.Match).
			Then(`for an alias, set the registry whose token it gets, for example: registry: 123456789012.dkr.ecr.us-west-2.amazonaws.com`)
	}
	return nil
}

// checkHelper checks the name of a credential helper.
func checkHelper(s string) error {
	name, prefixed := strings.CutPrefix(s, "docker-credential-")
	switch {
	case prefixed:
		return fmt.Errorf("remove the prefix: %s", name)
	case s == program.Helper:
		return advice.Errorf("it is this helper itself").Then("specify another credential helper")
	case strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" || strings.HasPrefix(s, "."):
		return errors.New("must be the NAME of a program docker-credential-NAME on PATH")
	}
	return nil
}

func checkDir(path string) error {
	if !filepath.IsAbs(path) && !strings.HasPrefix(path, "~/") {
		return errors.New("must be an absolute path, or start with ~/")
	}
	return nil
}
