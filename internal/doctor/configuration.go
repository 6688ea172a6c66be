package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"ecrlogin/config"
	"ecrlogin/credentials"
	"ecrlogin/internal/check"
	"ecrlogin/internal/configpath"
	"ecrlogin/internal/identityconf"
	"ecrlogin/internal/nativehelper"
)

// configuration checks the configuration file, and reports which rule matches the registry.
func (c *checker) configuration(context.Context) check.Result {
	if c.ConfigErr != nil {
		return c.invalidConfig()
	}
	r := check.OK("%s: %s", c.Config.Path, c.rule())
	if c.Config.Path == "" {
		r = check.OK("no configuration file (looked for %s); the AWS SDK chooses the identity",
			strings.Join(configpath.Places(c.Env), ", "))
	}
	if helper := c.fallbackHelper(); helper != "" {
		r.Found += "; other hosts use " + helper
	} else if c.Config.Fallback != "" {
		r.Found += "; other hosts use passwords stored in files"
	}
	if path := c.SkippedConfig; path != "" {
		r.Found += fmt.Sprintf("; %s is skipped, because this user may not search the directory", path)
	}
	return r
}

// invalidConfig reports the error in the file; the next step opens the file at its line.
func (c *checker) invalidConfig() check.Result {
	var at *config.Error
	switch {
	case !errors.As(c.ConfigErr, &at):
		return check.Error(c.ConfigErr).Otherwise("ls -l %s", c.configPath())
	case runtime.GOOS == "windows":
		return check.Failed("%v", at).Then("notepad %s", at.Path)
	}
	return check.Failed("%v", at).Then("${EDITOR:-vi} +%d %s", at.Line, at.Path)
}

// rule describes the rule that matches the registry, or the number of rules if there is no registry.
func (c *checker) rule() string {
	if c.Address == "" {
		return check.Count(len(c.Config.Registries), "rule")
	}
	rule, matches := c.Config.Rule(c.Registry.Host)
	if !matches {
		return "no rule matches this host; the AWS SDK chooses the identity"
	}
	return fmt.Sprintf("line %d (%s) uses %s", rule.Line, rule.Match, identityText(c.Config.Identity(c.Registry)))
}

// identityText returns the identity of a rule for a message.
func identityText(id credentials.Identity) string {
	profile := "the identity that the AWS SDK finds"
	if id.Profile != "" {
		profile = "profile " + strconv.Quote(id.Profile)
	}
	if id.RoleARN == "" {
		return profile
	}
	role := "role " + id.RoleARN + " via " + profile
	if id.Policy != "" {
		role += fmt.Sprintf(", limited by a session policy (%s)", identityconf.PolicyText(id))
	}
	return role
}

// fallbackHelper returns the helper that is configured for other hosts, "" if there is none or it is a file.
func (c *checker) fallbackHelper() string {
	if name := c.Config.Fallback; name != "" && name != config.FallbackFile {
		return "docker-credential-" + name
	}
	return ""
}

// fallback checks that helper. No other check requires it.
func (c *checker) fallback(context.Context) check.Result {
	h := nativehelper.Helper{Name: c.Config.Fallback, Env: c.Env, Named: `"fallback" in ` + c.Config.Path}
	if err := h.Check(); err != nil {
		return check.Error(err)
	}
	path, _ := exec.LookPath(c.fallbackHelper()) // Check found it
	return check.OK("%s is used for other hosts", path)
}

// configPath returns the path of the configuration file, or the path to create it at.
func (c *checker) configPath() string {
	return cmp.Or(c.Config.Path, configpath.Places(c.Env)[0])
}
