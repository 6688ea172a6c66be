package setup

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"ecrlogin/internal/environ"
	"ecrlogin/internal/typo"
	"ecrlogin/internal/userfile"
	"ecrlogin/registry"
)

// An identity is an AWS identity and the registry of its account and region.
type identity struct {
	profile  string            // "" for the identity in the environment
	settings map[string]string // of the profile
	account  string
	registry registry.Registry
	err      error // why there is no registry
}

// String returns the name of the identity for messages.
func (i *identity) String() string {
	if i.profile == "" {
		return "AWS environment variables"
	}
	return fmt.Sprintf("AWS profile %q", i.profile)
}

// identities returns the identities in the environment and in the AWS files, each with its registry or the reason why
// it has none. It calls AWS for the accounts that these do not contain.
func (r *Request) identities() []*identity {
	all := append(fromEnvironment(r.Env), fromFiles(r.Env)...)
	var unknown []*identity
	for _, i := range all {
		i.account = i.settings["sso_account_id"]
		if arn := strings.Split(i.settings["role_arn"], ":"); len(arn) == 6 {
			i.account = arn[4]
		}
		switch {
		case i.region(r.Env) == "":
			i.err = errors.New("no region; set region in the profile, or AWS_REGION")
		case i.account == "" && i.settings["aws_access_key_id"] != "" && r.Account != nil:
			unknown = append(unknown, i)
		case i.account == "":
			i.err = fmt.Errorf("account unknown (the profile has no access key, role_arn or sso_account_id); specify the registry: --registry HOST --profile %q", i.profile)
		}
	}
	r.lookUp(unknown)
	for _, i := range all {
		if i.err != nil {
			continue
		}
		region, ok := i.region(r.Env), false
		if i.registry, ok = registryOf(i.account, region); !ok {
			i.err = fmt.Errorf("invalid account %q or region %q; correct the profile", i.account, region)
		}
	}
	return all
}

// region returns the region of the profile or, if it has none, of the environment.
func (i *identity) region(env environ.Env) string {
	return cmp.Or(i.settings["region"], env.Get("AWS_REGION"), env.Get("AWS_DEFAULT_REGION"))
}

// registryOf returns the registry of an account in a region. The partition of the region determines the domain.
func registryOf(account, region string) (registry.Registry, bool) {
	for _, pattern := range registry.Patterns() {
		if suffix, ok := strings.CutPrefix(pattern, "*.dkr.ecr.*."); ok {
			if r, err := registry.Parse(account + ".dkr.ecr." + region + "." + suffix); err == nil {
				return r, true
			}
		}
	}
	return registry.Registry{}, false
}

// lookUp calls AWS for the accounts of identities, concurrently and within the Timeout.
func (r *Request) lookUp(identities []*identity) {
	if len(identities) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), r.Timeout)
	defer cancel()
	r.progress("AWS account IDs to look up: %d (timeout %s)", len(identities), r.Timeout.Round(time.Second))
	var wg sync.WaitGroup
	var mu sync.Mutex // guards done and Progress
	done := 0
	for _, i := range identities {
		wg.Go(func() {
			region := i.region(r.Env)
			if there, ok := registryOf("000000000000", region); ok { // any account in that region
				i.account, i.err = r.Account(ctx, i.profile, there)
			} else {
				i.err = fmt.Errorf("invalid region %q; correct the profile", region)
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			r.progress("%d of %d: %s", done, len(identities), i)
		})
	}
	wg.Wait()
}

func (r *Request) progress(format string, args ...any) {
	if r.Progress != nil {
		fmt.Fprintf(r.Progress, format+"\n", args...)
	}
}

// isDefault reports whether the AWS SDK uses the profile by default. The empty name is the identity in the
// environment.
func (r *Request) isDefault(profile string) bool {
	return profile == "" || profile == "default" || profile == cmp.Or(r.Env.Get("AWS_PROFILE"), r.Env.Get("AWS_DEFAULT_PROFILE"))
}

// fromEnvironment returns the identity in the environment, which the AWS SDK prefers to the AWS files, if there is one.
func fromEnvironment(env environ.Env) []*identity {
	settings := map[string]string{}
	switch {
	case env.Get("AWS_ACCESS_KEY_ID") != "" && env.Get("AWS_SECRET_ACCESS_KEY") != "":
		settings["aws_access_key_id"] = env.Get("AWS_ACCESS_KEY_ID")
	case env.Get("AWS_WEB_IDENTITY_TOKEN_FILE") != "":
		settings["role_arn"] = env.Get("AWS_ROLE_ARN")
	default:
		return nil
	}
	return []*identity{{settings: settings}}
}

// awsFiles returns the paths of the two files with profiles; "" if there is no home directory.
func awsFiles(env environ.Env) (config, credentials string) {
	config, credentials = env.Get("AWS_CONFIG_FILE"), env.Get("AWS_SHARED_CREDENTIALS_FILE")
	if home, err := env.Home(); err == nil {
		config = cmp.Or(config, filepath.Join(home, ".aws", "config"))
		credentials = cmp.Or(credentials, filepath.Join(home, ".aws", "credentials"))
	}
	return config, credentials
}

// fromFiles returns the profiles in the AWS files. A profile can have settings in both. It ignores a file that cannot
// be read.
func fromFiles(env environ.Env) []*identity {
	var all []*identity
	config, credentials := awsFiles(env)
	if f, err := userfile.Read(config); err == nil {
		all = readSections(all, f.Content, "profile ")
	}
	if f, err := userfile.Read(credentials); err == nil {
		all = readSections(all, f.Content, "")
	}
	return all
}

// readSections adds the profiles of one file, whose section headers begin with prefix, to all. It skips other sections,
// such as SSO sessions, and nested settings, which are indented.
func readSections(all []*identity, content []byte, prefix string) []*identity {
	var settings map[string]string
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		line := lines.Text()
		if section, ok := strings.CutPrefix(line, "["); ok {
			section, _, _ = strings.Cut(section, "]")
			section = strings.TrimSpace(section)
			name, ok := strings.CutPrefix(section, prefix)
			if settings = nil; ok || section == "default" {
				all, settings = settingsOf(all, strings.TrimSpace(name))
			}
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if ok && settings != nil && strings.TrimLeft(line, " \t") == line {
			value, _, _ = strings.Cut(value, " #")
			settings[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
		}
	}
	return all
}

// settingsOf returns the settings of a profile, and adds the profile if it is new.
func settingsOf(all []*identity, profile string) ([]*identity, map[string]string) {
	for _, i := range all {
		if i.profile == profile {
			return all, i.settings
		}
	}
	i := &identity{profile: profile, settings: map[string]string{}}
	return append(all, i), i.settings
}

// checkProfile returns an error if --profile is used without --registry, or if the AWS files do not contain that
// profile.
func (r *Request) checkProfile() error {
	var names []string
	for _, i := range fromFiles(r.Env) {
		names = append(names, i.profile)
	}
	switch {
	case r.Profile == "", len(r.Registries) > 0 && slices.Contains(names, r.Profile):
		return nil
	case len(r.Registries) == 0:
		return fmt.Errorf("profile %q: no registry specified; add one: --registry 123456789012.dkr.ecr.us-west-2.amazonaws.com", r.Profile)
	}
	next := "create it: aws configure --profile " + strconv.Quote(r.Profile)
	if near := typo.Near(r.Profile, names); len(near) > 0 {
		for i := range near {
			near[i] = strconv.Quote(near[i])
		}
		next = "did you mean " + strings.Join(near, " or ") + "?"
	}
	config, credentials := awsFiles(r.Env)
	return fmt.Errorf("profile %q does not exist in %s or %s; %s", r.Profile, config, credentials, next)
}
