package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ecrlogin/internal/awstest"
)

const host = awstest.Account + ".dkr.ecr.us-west-2.amazonaws.com"

// alias is a host that configurations make an alias of host.
const alias = "registry.example.com"

// A hit is a program that returns a token from its cache.
type hit struct {
	what    string
	target  string
	program func() (*program, error)
}

// hits measures cache hits, relative to a Go program that echoes its input. Only two programs alternate at a time,
// because the CPU's caches make a program faster that runs often.
func (b *bench) hits(t *table) error {
	m, err := medians(runs, &program{path: b.bare, stdin: host, check: checkNone}, b.baseline())
	if err != nil {
		return err
	}
	t.add("minimum of a hit: the helper if it exits before it looks for a token, relative to the baseline",
		ratio(m[0], m[1]), "")
	for _, hit := range []hit{
		{"hit", "≤ 1.5", func() (*program, error) { return b.static(b.helper) }},
		{"hit with a role profile and an 80 KB AWS config file", "≤ 1.7", b.role},
		{"hit with a web identity token", "≤ 1.6", b.webIdentityHit},
		{"hit via an alias", "≤ 1.8", func() (*program, error) {
			return b.configured(alias, "registries:\n- match: "+alias+"\n  registry: "+host+"\n")
		}},
		{"hit with a rule and `cache` in the configuration", "≤ 1.8", func() (*program, error) {
			return b.configured(host, rule+"cache:\n  dir: ~/tokens\n")
		}},
		{"hit with a rule and `timeout` in the configuration", "≤ 1.8", func() (*program, error) {
			return b.configured(host, rule+"timeout: 20s\n")
		}},
		{"hit of kubelet, with `--config`", "≤ 2", b.kubelet},
	} {
		p, err := hit.program()
		if err != nil {
			return err
		}
		if err := p.warm(); err != nil {
			return err
		}
		if m, err = medians(runs, p, b.baseline()); err != nil {
			return err
		}
		t.add(hit.what+", relative to the baseline", ratio(m[0], m[1]), hit.target)
	}
	return b.compareWithDebian(t, "hit", "≤ 0.5", (*program).warm)
}

// baseline returns the baseline, a Go program that echoes its input.
func (b *bench) baseline() *program {
	return &program{path: b.echo, stdin: host, check: func(answer string) error { return checkSame(answer, host) }}
}

// static returns a get with keys in the environment and a new home directory.
func (b *bench) static(helper string, more ...string) (*program, error) {
	home, err := b.newHome()
	if err != nil {
		return nil, err
	}
	return get(helper, host, b.environ(home, slices.Concat(keys, more)...)), nil
}

// baseProfile is a profile with the keys that the stand-in accepts, in an AWS config file.
const baseProfile = "[profile base]\n" +
	"aws_access_key_id = " + awstest.KeyID + "\naws_secret_access_key = " + awstest.SecretKey + "\n"

// role returns a get with a profile that assumes a role, and is the last in an AWS config file of 80 KB.
func (b *bench) role() (*program, error) {
	home, err := b.newHome()
	if err != nil {
		return nil, err
	}
	var config strings.Builder
	config.WriteString(baseProfile)
	var name, arn string
	for n := 1; config.Len() < 80_000; n++ {
		name, arn = fmt.Sprintf("account-%d", n), fmt.Sprintf("arn:aws:iam::%012d:role/pull", n)
		fmt.Fprintf(&config, "\n[profile %s]\nrole_arn = %s\nsource_profile = base\nregion = us-west-2\n", name, arn)
	}
	b.cloud.AllowRole(arn)
	file := filepath.Join(home, "config")
	if err := os.WriteFile(file, []byte(config.String()), 0o600); err != nil {
		return nil, err
	}
	return get(b.helper, host, b.environ(home, "AWS_CONFIG_FILE="+file, "AWS_PROFILE="+name)), nil
}

// webIdentityHit returns a get with a role that is assumed with an OIDC token, whose claims are part of the cache key.
func (b *bench) webIdentityHit() (*program, error) {
	home, err := b.newHome()
	if err != nil {
		return nil, err
	}
	env, err := b.webIdentity(home)
	if err != nil {
		return nil, err
	}
	return get(b.helper, host, b.environ(home, env...)), nil
}

// ruleRole is the role of rule.
const ruleRole = "arn:aws:iam::210987654321:role/pull"

// rule is the start of a configuration, with a rule for host.
const rule = "registries:\n- match: " + host + "\n  roleArn: " + ruleRole + "\n"

// configured returns a get for a host with keys in the environment and a configuration file.
func (b *bench) configured(host, configuration string) (*program, error) {
	home, file, err := b.configure(configuration)
	if err != nil {
		return nil, err
	}
	return get(b.helper, host, b.environ(home, append(slices.Clone(keys), "ECR_LOGIN_CONFIG="+file)...)), nil
}

// kubeletInput is a request of kubelet.
const kubeletInput = `{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1",` +
	`"image":"` + host + `/app:v1"}` + "\n"

// kubelet returns a request of kubelet to the provider, with the arguments that "configure kubelet" writes for a
// configuration file.
func (b *bench) kubelet() (*program, error) {
	home, file, err := b.configure(rule)
	if err != nil {
		return nil, err
	}
	return &program{
		path: b.provider, args: []string{"--config=" + file}, env: b.environ(home, keys...),
		stdin: kubeletInput, check: checkKubelet,
		constant: func(answer string) string { // without cacheDuration, which becomes shorter
			_, auth, _ := strings.Cut(answer, `"auth":`)
			return auth
		},
	}, nil
}

// configure creates a home directory with a configuration file.
func (b *bench) configure(configuration string) (home, file string, err error) {
	b.cloud.AllowRole(ruleRole)
	if home, err = b.newHome(); err != nil {
		return "", "", err
	}
	file = filepath.Join(home, "ecr-login.yaml")
	return home, file, os.WriteFile(file, []byte(configuration), 0o600)
}
