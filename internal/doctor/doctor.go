// Package doctor checks everything between a container client and an image in Amazon ECR, and returns the next step
// for each failure. The checks run in the order in which a pull depends on them.
package doctor

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"os/user"
	"path/filepath"
	"slices"
	"strings"

	"ecrlogin/credentials/aws"
	"ecrlogin/internal/check"
	"ecrlogin/internal/dockerconfig"
	"ecrlogin/internal/program"
)

// A checker runs the checks of one registry, or of none. Earlier checks store findings for later ones.
type checker struct {
	check.Pull
	contact aws.Contact // of the network check
}

func newChecker(s *check.Settings) *checker { return &checker{Pull: check.Pull{Settings: s}} }

// Registry checks everything that a pull or push needs. The argument is a registry host or an image reference.
func Registry(ctx context.Context, s *check.Settings, typed string) iter.Seq[check.Result] {
	c := newChecker(s)
	if err := c.SetTarget(typed); err != nil {
		steps := []check.Step{{Name: "host", Check: func(context.Context) check.Result { return c.unknownHost(err) }}}
		if s.ConfigErr != nil {
			steps = append(steps, check.Step{Name: "configuration", Check: c.configuration})
		}
		return c.Run(ctx, steps)
	}
	return c.run(ctx, []check.Step{
		{Name: "host", Check: c.host},
		{Name: "program", Check: c.program},
		{Name: "docker", Check: c.docker},
		{Name: "podman", Check: c.podman},
		{Name: "helm", Check: c.helm},
		{Name: "configuration", Check: c.configuration},
		{Name: "network", Needs: []string{"configuration"}, Check: c.network},
		{Name: "clock", Needs: []string{"network"}, Check: c.clock},
		{Name: "identity", Needs: []string{"configuration", "network", "clock"}, Check: c.identity},
		{Name: "token", Needs: []string{"identity"}, Check: c.token},
		{Name: "registry", Needs: []string{"token"}, Check: c.CheckRegistry},
		{Name: "image", Needs: []string{"registry"}, Check: c.CheckImage},
		{Name: "cache", Needs: []string{"configuration"}, Check: c.CheckCache},
	})
}

// Machine checks what applies to all registries, and whether Docker runs the helper for the registries that it can
// find.
func Machine(ctx context.Context, s *check.Settings) iter.Seq[check.Result] {
	c := newChecker(s)
	steps := []check.Step{{Name: "program", Check: c.program}}
	known := c.knownRegistries()
	if len(known) == 0 {
		steps = append(steps, check.Step{Name: "docker", Check: c.docker})
	}
	for _, of := range known {
		steps = append(steps, check.Step{Name: "docker", Check: func(ctx context.Context) check.Result {
			r := of.docker(ctx)
			r.Found = of.Address + ": " + r.Found
			return r
		}})
	}
	return c.run(ctx, append(steps,
		check.Step{Name: "configuration", Check: c.configuration},
		check.Step{Name: "cache", Needs: []string{"configuration"}, Check: c.CheckCache},
		check.Step{Name: "registry", Check: func(context.Context) check.Result {
			return check.Skipped("no registry specified").Then("%s doctor %s/NAME:TAG", program.Command, check.Example)
		}}))
}

// run runs the steps and those that apply only to some setups: "user" under sudo, and "fallback" after the
// configuration, if a helper is configured for other hosts.
func (c *checker) run(ctx context.Context, steps []check.Step) iter.Seq[check.Result] {
	if c.fallbackHelper() != "" {
		i := 1 + slices.IndexFunc(steps, func(s check.Step) bool { return s.Name == "configuration" })
		steps = slices.Insert(steps, i, check.Step{Name: "fallback", Check: c.fallback})
	}
	home, _ := c.Env.Home() // without one there are no user files
	if who := c.sudoUser(home + string(filepath.Separator)); who != "" {
		steps = slices.Insert(steps, 0, check.Step{Name: "user", Check: func(context.Context) check.Result {
			as := "root"
			if u, err := user.Current(); err == nil {
				as = u.Username
			}
			return check.Skipped("started by %s with sudo, so the files in %s and the environment of %s are checked",
				who, cmp.Or(home, "no home directory"), as).
				Then("to check those of %s, run it without sudo", who)
		}})
	}
	return c.Run(ctx, steps)
}

// sudoUser returns the user who ran sudo, if a file is not in that user's home directory; "" otherwise.
func (c *checker) sudoUser(file string) string {
	who := c.Env.Get("SUDO_USER")
	if who == "" || who == "root" {
		return ""
	}
	u, err := user.Lookup(who)
	if err != nil || strings.HasPrefix(file, u.HomeDir+string(filepath.Separator)) {
		return ""
	}
	return who
}

func (c *checker) host(context.Context) check.Result {
	what := "Amazon ECR Public"
	if r := c.Registry; !r.Public {
		what = "Amazon ECR, account " + r.Account + ", region " + r.Region
	}
	if !c.IsAlias() {
		return check.OK("%s is %s", c.Address, what)
	}
	rule, _ := c.Config.Rule(c.Host())
	return check.OK("%s is an alias of %s, %s, on line %d of %s", c.Address, c.Registry, what, rule.Line, c.Config.Path)
}

// unknownHost returns the result for a host that is neither an Amazon ECR host nor an alias, for the reason err.
func (c *checker) unknownHost(err error) check.Result {
	switch {
	case c.Address == "":
		return check.Failed("invalid host: %v", err).Then("%s doctor %s", program.Command, check.Example)
	case c.ConfigErr != nil:
		return check.Skipped("%s is not an Amazon ECR host; aliases are unknown, because the configuration is invalid", c.Address)
	}
	password := "clients continue without a password"
	if helper := c.fallbackHelper(); helper != "" {
		password = "the fallback, " + helper + ", is used"
	} else if c.Config.Fallback != "" {
		password = "the fallback reads its password from files"
	}
	return check.Failed("%s is neither an Amazon ECR host (%v) nor an alias of one; %s", c.Address, err, password).
		Then("correct the host or, if it leads to Amazon ECR, add an alias to %s: a rule with match and registry", c.configPath())
}

// knownRegistries returns a checker for each registry in the client files, the configuration and the cache, sorted.
func (c *checker) knownRegistries() (known []*checker) {
	keys := c.Config.Hosts()
	if f, err := c.dockerFile(); err == nil {
		keys = slices.AppendSeq(keys, maps.Keys(f.CredHelpers()))
	}
	if kept, err := c.Cache.Entries(); err == nil {
		for _, k := range kept {
			keys = append(keys, k.Host)
		}
	}
	for _, key := range keys {
		if of := newChecker(c.Settings); of.SetTarget(strings.ToLower(key)) == nil {
			known = append(known, of)
		}
	}
	slices.SortFunc(known, func(a, b *checker) int { return strings.Compare(a.Address, b.Address) })
	return slices.CompactFunc(known, func(a, b *checker) bool { return a.Address == b.Address })
}

// dockerFile reads Docker's file.
func (c *checker) dockerFile() (*dockerconfig.File, error) {
	path, err := dockerconfig.Path(c.Env)
	if err != nil {
		return nil, err
	}
	return dockerconfig.Open(path)
}

// configure returns the command that configures a client to run the helper for this host.
func (c *checker) configure(client string) string {
	command := fmt.Sprintf("%s configure %s", program.Command, client)
	if c.Address != "" {
		command += " --registry " + c.Address
	}
	return command
}
