package refreshconfig

import (
	"slices"
	"strings"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/environ"
	"ecrlogin/internal/oneline"
	"ecrlogin/refresh"
	"ecrlogin/refresh/kubernetes/secret"
	"ecrlogin/registry"
)

// Variables of k8s-ecr-login-renew.
// Source: https://github.com/nabsul/k8s-ecr-login-renew, main.go and src/k8s/namespaces.go
const (
	secretName  = "DOCKER_SECRET_NAME"
	include     = "TARGET_NAMESPACE"
	exclude     = "EXCLUDE_NAMESPACE"
	registries  = "DOCKER_REGISTRIES"
	region      = "AWS_REGION"
	otherRegion = "AWS_DEFAULT_REGION" // of the AWS CLI
)

// Variables returns the names of the variables of k8s-ecr-login-renew that are set and not empty, without those that
// other programs use. If there are none, the environment contains no configuration. A file takes precedence over them.
func Variables(env environ.Env) []string {
	return slices.DeleteFunc([]string{secretName, include, exclude, registries}, func(name string) bool {
		return env.Get(name) == ""
	})
}

// FromEnviron returns the configuration in the variables of k8s-ecr-login-renew. It applies a Secret once, takes it
// over from that tool, and has no HTTP server. As in that tool, TARGET_NAMESPACE is "default" if it is not set, white
// space in lists is ignored, and namespaces that do not exist are skipped. Unlike there, an invalid name or pattern is
// an error.
func FromEnviron(env environ.Env) (*Config, error) {
	rule := secret.Rule{Name: env.Get(secretName), Adopt: true, SkipMissing: true}
	if rule.Name == "" {
		return nil, advice.Errorf("%s is not set", secretName).Then("set it to the name of the Secret, such as regcred")
	}
	if err := checkName(rule.Name); err != nil {
		return nil, invalid(secretName, rule.Name, err)
	}
	var err error
	if rule.Namespaces, err = patterns(env, include, "default"); err != nil {
		return nil, err
	}
	if len(rule.Namespaces) == 0 {
		return nil, advice.Errorf("%s contains no namespace", include).
			Then(`set it to names or patterns, such as "team-*,default", or unset it for the namespace default`)
	}
	if rule.Exclude, err = patterns(env, exclude, ""); err != nil {
		return nil, err
	}
	if rule.Logins, err = servers(env); err != nil {
		return nil, err
	}
	rule.Form, _ = secret.Preset(defaultPreset)
	c := &Config{Once: true, Secrets: []secret.Rule{rule}}
	if len(rule.Logins) == 0 {
		c.DefaultRegistry, err = defaultRegion(env)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// invalid returns the error for a value in a variable.
func invalid(variable, value string, err error) error {
	return advice.Errorf("%s: invalid value %q: %w", variable, oneline.Value(value), err)
}

// patterns returns the patterns in a list of namespaces, whose separators are comma, semicolon and line feed.
func patterns(env environ.Env, variable, otherwise string) ([]string, error) {
	list := env.Get(variable)
	if list == "" {
		list = otherwise
	}
	list = strings.NewReplacer(" ", "", "\r", "", "\t", "", "\v", "").Replace(list)
	var all []string
	for _, pattern := range strings.FieldsFunc(list, func(c rune) bool { return strings.ContainsRune(",;\n", c) }) {
		if err := checkPattern(pattern); err != nil {
			return nil, invalid(variable, pattern, err)
		}
		if !slices.Contains(all, pattern) {
			all = append(all, pattern)
		}
	}
	return all, nil
}

// servers returns the registries, which are separated by commas. Clients find them under the name that the user wrote,
// so that HOST and https://HOST are different.
func servers(env environ.Env) ([]refresh.Login, error) {
	list := env.Get(registries)
	var logins []refresh.Login
	for server := range strings.SplitSeq(list, ",") {
		server = strings.TrimSpace(server)
		if server == "" {
			continue
		}
		login, err := parseLogin(server)
		if err != nil {
			return nil, invalid(registries, registry.Shown(server), err)
		}
		if !slices.Contains(logins, login) {
			logins = append(logins, login)
		}
	}
	if list != "" && len(logins) == 0 {
		return nil, advice.Errorf("%s contains no registry", registries).
			Then("unset it for the default registry of the AWS account")
	}
	return logins, nil
}

// defaultRegion returns the region of the default registry.
func defaultRegion(env environ.Env) (string, error) {
	for _, variable := range []string{region, otherRegion} {
		value := env.Get(variable)
		if value == "" {
			continue
		}
		if err := checkRegion(value); err != nil {
			return "", invalid(variable, value, err)
		}
		return value, nil
	}
	return "", advice.Errorf("neither %s nor %s is set", registries, region).
		Then("set %s to the region of the default registry, such as us-west-2", region)
}
