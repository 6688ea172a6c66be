package setup

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ecrlogin/internal/typo"
	"ecrlogin/internal/userfile"
)

// A profile is a profile in the AWS files.
type profile struct {
	name   string
	values map[string]string
}

// environmentProfile returns the identity in the environment, which the AWS SDK prefers to the AWS files, as a profile
// without a name. It reports false if there is none.
func environmentProfile() (p profile, ok bool) {
	p.values = map[string]string{}
	switch {
	case os.Getenv("AWS_ACCESS_KEY_ID") != "" && os.Getenv("AWS_SECRET_ACCESS_KEY") != "":
		p.values["aws_access_key_id"] = os.Getenv("AWS_ACCESS_KEY_ID")
	case os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != "":
		p.values["role_arn"] = os.Getenv("AWS_ROLE_ARN")
	default:
		return profile{}, false
	}
	return p, true
}

// region returns the region of the profile or, if it has none, of the environment.
func (p profile) region() string {
	return cmp.Or(p.values["region"], os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"))
}

// account returns the account of the profile's role or SSO settings; "" if it has neither.
func (p profile) account() string {
	if arn := strings.Split(p.values["role_arn"], ":"); len(arn) == 6 {
		return arn[4]
	}
	return p.values["sso_account_id"]
}

// An awsFile is one of the two files that contain profiles.
type awsFile struct {
	path   string // "" if there is no home directory
	prefix string // precedes the profile name in a section header
}

func awsFiles() []awsFile {
	path := func(variable, name string) string {
		if path := os.Getenv(variable); path != "" {
			return path
		}
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		return filepath.Join(home, ".aws", name)
	}
	return []awsFile{{path("AWS_CONFIG_FILE", "config"), "profile "}, {path("AWS_SHARED_CREDENTIALS_FILE", "credentials"), ""}}
}

// readProfiles reads the AWS files. A profile can have settings in both. It ignores a file that cannot be read.
func readProfiles() []profile {
	var all []profile
	for _, f := range awsFiles() {
		if content, err := userfile.Read(f.path); err == nil {
			all = readSections(all, content.Content, f.prefix)
		}
	}
	return all
}

// checkProfile returns an error if the AWS files contain no profile of that name.
func checkProfile(name string) error {
	var names, paths []string
	for _, p := range readProfiles() {
		names = append(names, p.name)
	}
	if slices.Contains(names, name) {
		return nil
	}
	for _, f := range awsFiles() {
		paths = append(paths, f.path)
	}
	next := "create it: aws configure --profile " + strconv.Quote(name)
	if near := typo.Near(name, names); len(near) > 0 {
		for i := range near {
			near[i] = strconv.Quote(near[i])
		}
		next = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return fmt.Errorf("profile %q does not exist in %s; %s", name, strings.Join(paths, " or "), next)
}

// readSections adds the profiles of one file to all. It skips other sections, such as SSO sessions, and nested
// settings, which are indented.
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

// valuesOf returns the values of a profile, and adds the profile if it is new.
func valuesOf(all []profile, name string) ([]profile, map[string]string) {
	for _, p := range all {
		if p.name == name {
			return all, p.values
		}
	}
	p := profile{name, map[string]string{}}
	return append(all, p), p.values
}
