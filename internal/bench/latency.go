package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ecrlogin/internal/awstest"
)

const host = awstest.Account + ".dkr.ecr.us-west-2.amazonaws.com"

// The path and the package of Debian's helper, which is measured if it is installed.
const (
	debian        = "/usr/bin/docker-credential-ecr-login"
	debianPackage = "amazon-ecr-credential-helper"
)

// hits measures cache hits.
func (b *bench) hits(t *table) error {
	hit, err := b.static(b.helper)
	if err != nil {
		return err
	}
	role, err := b.role()
	if err != nil {
		return err
	}
	programs := []*program{hit, role}
	version, installed := packageVersion(debianPackage)
	if installed {
		theirs, err := b.static(debian)
		if err != nil {
			return err
		}
		programs = append(programs, theirs)
	}
	for _, p := range programs {
		if err := p.warm(); err != nil {
			return err
		}
	}
	m, err := medians(append(programs, b.floor())...)
	if err != nil {
		return err
	}
	base := m[len(m)-1]
	t.add("hit, relative to a Go program that echoes its input (baseline)", ratio(m[0], base), "≤ 1.5")
	t.add("hit, relative to Debian's "+debianPackage+" "+version, against(m[0], m[2:len(m)-1]), "≤ 0.5")
	t.add("hit with a role profile and an 80 KB AWS config file, relative to the baseline", ratio(m[1], base), "≤ 1.7")
	return nil
}

// misses measures cache misses with an immediate response from AWS.
func (b *bench) misses(t *table) error {
	ours, err := b.static(b.helper, "AWS_ECR_DISABLE_CACHE=1")
	if err != nil {
		return err
	}
	programs := []*program{ours}
	version, installed := packageVersion(debianPackage)
	if installed {
		theirs, err := b.static(debian, "AWS_ECR_DISABLE_CACHE=1")
		if err != nil {
			return err
		}
		theirs.mayFail = true
		programs = append(programs, theirs)
	}
	m, err := medians(programs...)
	if err != nil {
		return err
	}
	measured := against(m[0], m[1:])
	if failed := programs[len(programs)-1].failed; failed > 0 {
		measured += fmt.Sprintf("; %d more runs of Debian's helper failed", failed)
	}
	t.add("miss with static keys, immediate AWS response, relative to Debian's "+debianPackage+" "+version, measured, "≤ 1.0")
	return nil
}

// floor returns the baseline, a Go program that echoes its input.
func (b *bench) floor() *program {
	return &program{path: b.echo, stdin: host, check: func(answer string) error { return checkSame(answer, host) }}
}

// against returns the ratio of d to the time of Debian's helper, if that was measured.
func against(d time.Duration, theirs []time.Duration) string {
	if len(theirs) == 0 {
		return notInstalled(debianPackage)
	}
	return ratio(d, theirs[0])
}

// static returns a get with keys in the environment and a new home directory.
func (b *bench) static(helper string, more ...string) (*program, error) {
	home, err := b.newHome()
	if err != nil {
		return nil, err
	}
	return get(helper, host, b.environ(home, slices.Concat(keys, more)...)), nil
}

// role returns a get with a profile that assumes a role, and is the last in an AWS config file of 80 KB.
func (b *bench) role() (*program, error) {
	home, err := b.newHome()
	if err != nil {
		return nil, err
	}
	var config strings.Builder
	fmt.Fprintf(&config, "[profile base]\naws_access_key_id = %s\naws_secret_access_key = %s\n", awstest.KeyID, awstest.SecretKey)
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
