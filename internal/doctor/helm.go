package doctor

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"runtime"

	"ecrlogin/internal/dockerconfig"
)

// helm checks the file that Helm reads before Docker's.
func (e *exam) helm(context.Context) result {
	path := helmFile()
	if path == "" {
		return skipped("no home directory, so Helm has no file")
	}
	f, err := dockerconfig.Open(path)
	switch {
	case err != nil:
		return failure(err)
	case !f.Text().Exists():
		return skipped("%s does not exist", f)
	case e.stale(f) != "":
		return failed("%s contains a password from an earlier login, which overrides the helper and expires within 12 hours", f).then("helm registry logout %s", e.address)
	}
	return ok("%s contains no password for this host, so Helm reads Docker's file", f)
}

// helmFile returns the path of Helm's registry file, by the rules of Helm's package helmpath.
func helmFile() string {
	if path := os.Getenv("HELM_REGISTRY_CONFIG"); path != "" {
		return path
	}
	dir := os.Getenv("HELM_CONFIG_HOME")
	if base := cmp.Or(os.Getenv("XDG_CONFIG_HOME"), helmBase()); dir == "" && base != "" {
		dir = filepath.Join(base, "helm")
	}
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, "registry", "config.json")
}

// helmBase returns the default parent of Helm's configuration directory.
func helmBase() string {
	home, err := os.UserHomeDir()
	switch {
	case runtime.GOOS == "windows":
		return os.Getenv("APPDATA")
	case err != nil:
		return ""
	case runtime.GOOS == "darwin":
		return filepath.Join(home, "Library", "Preferences")
	}
	return filepath.Join(home, ".config")
}
