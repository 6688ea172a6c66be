package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"ecrlogin/config"
	"ecrlogin/credentials"
	"ecrlogin/internal/configpath"
	"ecrlogin/internal/environ"
	"ecrlogin/internal/nativehelper"
)

// configuration checks the configuration file, and reports which rule matches the registry.
func (e *exam) configuration(context.Context) result {
	if e.ConfigErr != nil {
		return e.mistake()
	}
	if e.Config.Path == "" {
		return ok("no configuration file (looked for %s); the AWS SDK chooses the identity%s", strings.Join(configpath.Places(environ.Process()), ", "), e.skippedFile())
	}
	return ok("%s: %s%s%s", e.Config.Path, e.rule(), e.others(), e.skippedFile())
}

// skippedFile returns a note about a configuration file that this user cannot access and that is treated as missing.
func (e *exam) skippedFile() string {
	if e.Config.Skipped == "" {
		return ""
	}
	return fmt.Sprintf("; %s is skipped, because this user may not search the directory", e.Config.Skipped)
}

// withFallback adds a step after the configuration check if a helper is configured for other hosts. No other check
// requires it.
func (e *exam) withFallback(steps []step) []step {
	name := e.Config.Fallback
	if e.ConfigErr != nil || name == "" || name == config.FallbackFile {
		return steps
	}
	i := 1 + slices.IndexFunc(steps, func(s step) bool { return s.name == "configuration" })
	return slices.Insert(steps, i, step{"fallback", nil, func(context.Context) result {
		h := nativehelper.Helper{Name: name, Env: environ.Process(), Named: `"fallback" in ` + e.Config.Path}
		if err := h.Check(); err != nil {
			return failure(err)
		}
		path, err := exec.LookPath("docker-credential-" + name)
		if err != nil {
			return failure(err)
		}
		return ok("%s is used for other hosts", path)
	}})
}

// mistake reports the error in the file; the next step opens the file at its line.
func (e *exam) mistake() result {
	r := failed("%v", e.ConfigErr)
	var at *config.Error
	switch {
	case !errors.As(e.ConfigErr, &at):
		r = failure(e.ConfigErr)
		return r.then("%s", cmp.Or(r.next, "ls -l "+e.configPath()))
	case runtime.GOOS == "windows":
		return r.then("notepad %s", at.Path)
	}
	return r.then("${EDITOR:-vi} +%d %s", at.Line, at.Path)
}

// rule describes the rule that matches the registry, or the number of rules if there is no registry.
func (e *exam) rule() string {
	if e.address == "" {
		n := len(e.Config.Registries)
		return fmt.Sprintf("%d %s", n, plural(n, "rule", "rules"))
	}
	rule, matches := e.Config.Rule(e.registry.Host)
	if !matches {
		return "no rule matches this host; the AWS SDK chooses the identity"
	}
	return fmt.Sprintf("line %d (%s) uses %s", rule.Line, rule.Match, wanted(rule.Identity))
}

// wanted describes the identity of a rule.
func wanted(id credentials.Identity) string {
	profile := "the identity that the AWS SDK finds"
	if id.Profile != "" {
		profile = "profile " + strconv.Quote(id.Profile)
	}
	if id.RoleARN == "" {
		return profile
	}
	return "role " + id.RoleARN + " via " + profile
}

// others describes the fallback for other hosts.
func (e *exam) others() string {
	switch name := e.Config.Fallback; name {
	case "":
		return ""
	case config.FallbackFile:
		return "; other hosts use passwords stored in files"
	default:
		return "; other hosts use docker-credential-" + name
	}
}

// configPath returns the path of the configuration file, or the path to create it at.
func (e *exam) configPath() string {
	return cmp.Or(e.Config.Path, configpath.Places(environ.Process())[0])
}
