package store

import (
	"cmp"
	"os"
	"strings"

	"ecrlogin/internal/atomicfile"
	"ecrlogin/internal/environ"
)

// Dir returns the cache directory: AWS_ECR_CACHE_DIR or else configured, in which a leading "~/" is the home directory,
// or else ecr-login in the user's cache directory (XDG_CACHE_HOME or ~/.cache, ~/Library/Caches, %LocalAppData%). For
// root, if HOME is not set or belongs to another user, it is /var/cache/ecr-login. Dir returns "" if the cache is
// disabled: with AWS_ECR_DISABLE_CACHE, and for other users without a HOME. It returns a relative path unchanged; Open
// rejects it.
func Dir(env environ.Env, configured string) string {
	if env.Get("AWS_ECR_DISABLE_CACHE") != "" {
		return ""
	}
	dir := cmp.Or(env.Get("AWS_ECR_CACHE_DIR"), configured)
	if dir == "" {
		if parent := defaultParent(env); parent != "" {
			return parent + subdirectory
		}
		return ""
	}
	// A shell expands "~/", but a unit file or a Dockerfile does not.
	if rest, ok := strings.CutPrefix(dir, "~/"); ok {
		if home := env.UserHome(); home != "" {
			return home + "/" + rest
		}
	}
	return dir
}

// subdirectory is the default cache directory in defaultParent.
const subdirectory = "/ecr-login"

func defaultParent(env environ.Env) string {
	if dir := env.CacheDir(); dir != "" && !atomicfile.Foreign(dir) {
		return dir
	}
	if os.Geteuid() == 0 { // as in daemons; it is -1 on Windows
		return "/var/cache"
	}
	return ""
}
