package store

import (
	"os"
	"strings"

	"ecrlogin/internal/atomicfile"
)

// Dir returns the cache directory: AWS_ECR_CACHE_DIR, in which a leading "~/" is the home directory, or ecr-login in
// the user's cache directory (XDG_CACHE_HOME or ~/.cache, ~/Library/Caches, %LocalAppData%). For root, if HOME is not
// set or belongs to another user, it is /var/cache/ecr-login. Dir returns "" if the cache is disabled: with
// AWS_ECR_DISABLE_CACHE, and for other users without a HOME. It returns a relative path unchanged; Open rejects it.
func Dir() string {
	if os.Getenv("AWS_ECR_DISABLE_CACHE") != "" {
		return ""
	}
	if dir := os.Getenv("AWS_ECR_CACHE_DIR"); dir != "" {
		return atHome(dir)
	}
	return defaultDir()
}

func defaultDir() string {
	if dir, err := os.UserCacheDir(); err == nil && !atomicfile.Foreign(dir) {
		return dir + "/ecr-login"
	}
	return systemDir()
}

// atHome replaces a leading "~/", which a shell expands but a unit file or a Dockerfile does not.
func atHome(dir string) string {
	rest, ok := strings.CutPrefix(dir, "~/")
	if !ok {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = accountHome()
	}
	if home == "" {
		return dir
	}
	return home + "/" + rest
}
