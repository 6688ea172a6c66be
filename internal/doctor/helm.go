package doctor

import (
	"context"
	"path/filepath"
	"runtime"

	"ecrlogin/internal/check"
	"ecrlogin/internal/dockerconfig"
)

// helm checks the file that Helm reads before Docker's.
func (c *checker) helm(context.Context) check.Result {
	path := c.helmFile()
	if path == "" {
		return check.Skipped("no home directory, so Helm has no file")
	}
	f, err := dockerconfig.Open(path)
	switch {
	case err != nil:
		return check.Error(err)
	case !f.Text().Exists():
		return check.Skipped("%s does not exist", f)
	case c.passwordKey(f) != "":
		return overrides(f).Then("helm registry logout %s", c.Address)
	}
	return check.OK("%s contains no password for this host, so Helm reads Docker's file", f)
}

// helmFile returns the path of Helm's registry file by the rules of Helm's package helmpath, "" if there is none.
func (c *checker) helmFile() string {
	if path := c.Env.Get("HELM_REGISTRY_CONFIG"); path != "" {
		return path
	}
	if dir := c.Env.Get("HELM_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, "registry", "config.json")
	}
	base := c.Env.Get("XDG_CONFIG_HOME")
	if home, err := c.Env.Home(); base == "" {
		switch {
		case runtime.GOOS == "windows":
			base = c.Env.Get("APPDATA")
		case err == nil && runtime.GOOS == "darwin":
			base = filepath.Join(home, "Library", "Preferences")
		case err == nil:
			base = filepath.Join(home, ".config")
		}
	}
	if base == "" {
		return ""
	}
	return filepath.Join(base, "helm", "registry", "config.json")
}
