package store

import (
	"os"
	"strings"

	"ecrlogin/internal/atomicfile"
)

// Dir returns the directory to keep entries in: AWS_ECR_CACHE_DIR, in which a leading "~/" is the home directory, or ecr-login below
// the user's cache directory (XDG_CACHE_HOME or ~/.cache, ~/Library/Caches, %LocalAppData%). Root without a home directory of its own,
// because HOME is not set or belongs to another user, has /var/cache/ecr-login. It is "" when nothing is to be kept: with
// AWS_ECR_DISABLE_CACHE, and for others without a HOME. A relative path is returned as it is; Open refuses it.
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

// atHome replaces a leading "~/", which a shell expands and a unit file or a Dockerfile does not.
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
