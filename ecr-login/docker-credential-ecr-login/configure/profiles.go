package configure

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ecrlogin/credentials/docker/configfile/textfile"
	"ecrlogin/registry"
)

// A known host is one that an AWS profile tells of.
type known struct{ host, profile string }

// accountTime bounds what is asked of AWS for one profile.
const accountTime = 5 * time.Second

// fromProfiles returns the registry of each profile's account in its region.
func (r *Request) fromProfiles() []known {
	var all []known
	for _, p := range readProfiles() {
		account := p.account()
		if account == "" && p.values["aws_access_key_id"] != "" && r.Account != nil {
			account = r.ask(p)
		}
		if host, ok := hostOf(account, p.values["region"]); ok {
			all = append(all, known{host, p.name})
		}
	}
	return all
}

// ask asks AWS for the account of a profile. Without an answer there is nothing to propose.
func (r *Request) ask(p profile) (account string) {
	host, ok := hostOf("000000000000", p.values["region"]) // of any account there
	if !ok {
		return ""
	}
	there, err := registry.Parse(host)
	if err != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), accountTime)
	defer cancel()
	account, _ = r.Account(ctx, p.name, there)
	return account
}

// hostOf returns the registry of an account in a region, whose partition decides on how it ends.
func hostOf(account, region string) (string, bool) {
	for _, pattern := range registry.Patterns() {
		suffix, ok := strings.CutPrefix(pattern, "*.dkr.ecr.*.")
		if !ok {
			continue
		}
		if r, err := registry.Parse(account + ".dkr.ecr." + region + "." + suffix); err == nil {
			return r.Host, true
		}
	}
	return "", false
}

// A profile is a section of the AWS files.
type profile struct {
	name   string
	values map[string]string
}

// account returns the account that the profile says it acts in, "" if it does not say.
func (p profile) account() string {
	if arn := strings.Split(p.values["role_arn"], ":"); len(arn) == 6 {
		return arn[4]
	}
	return p.values["sso_account_id"]
}

// readProfiles reads the AWS files, in which a profile may have a part in each. What cannot be read tells of no profile.
func readProfiles() []profile {
	home, _ := os.UserHomeDir()
	files := []struct{ variable, name, prefix string }{
		{"AWS_CONFIG_FILE", "config", "profile "},
		{"AWS_SHARED_CREDENTIALS_FILE", "credentials", ""},
	}
	var all []profile
	for _, f := range files {
		path := os.Getenv(f.variable)
		if path == "" && home != "" {
			path = filepath.Join(home, ".aws", f.name)
		}
		if content, err := textfile.Read(path); err == nil {
			all = readSections(all, content.Content, f.prefix)
		}
	}
	return all
}

// readSections adds to the profiles what one of the files says. Other sections, such as those of SSO sessions, are left out, and
// so are lines that belong to the one before.
func readSections(all []profile, content []byte, prefix string) []profile {
	var values map[string]string
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		line := lines.Text()
		if section, ok := strings.CutPrefix(line, "["); ok {
			section, _, _ = strings.Cut(section, "]")
			section = strings.TrimSpace(section)
			name, ok := strings.CutPrefix(section, prefix)
			if values = nil; ok || section == "default" {
				all, values = valuesOf(all, strings.TrimSpace(name))
			}
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if ok && values != nil && strings.TrimLeft(line, " \t") == line {
			value, _, _ = strings.Cut(value, " #")
			values[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
		}
	}
	return all
}

// valuesOf returns the values of a profile, which is new or was in the other file.
func valuesOf(all []profile, name string) ([]profile, map[string]string) {
	for _, p := range all {
		if p.name == name {
			return all, p.values
		}
	}
	p := profile{name, map[string]string{}}
	return append(all, p), p.values
}
