package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"ecrlogin/internal/store"
)

// cache tries whether tokens can be kept, and looks at those that are: clients get them, and not what has been asked for here.
func (e *exam) cache(context.Context) result {
	dir := e.Cache.Dir
	switch {
	case dir != "":
	case e.Config.Cache.Disabled:
		return skipped("disabled in %s", e.Config.Path)
	case os.Getenv("AWS_ECR_DISABLE_CACHE") != "":
		return skipped("disabled by AWS_ECR_DISABLE_CACHE")
	default:
		return skipped("no cache directory, because HOME, XDG_CACHE_HOME and AWS_ECR_CACHE_DIR are not set")
	}
	if err := e.Cache.Check(); err != nil {
		return e.unusable(err)
	}
	kept, err := e.Cache.Entries()
	if err != nil {
		return e.or(failure(err))
	}
	now, valid := time.Now(), 0
	for _, k := range kept {
		if k.Valid(now) {
			valid++
		}
	}
	if valid == 0 {
		return ok("%s has no tokens yet", e.keeper())
	}
	return ok("%s has %d %s%s", e.keeper(), valid, plural(valid, "token", "tokens"), e.kept(kept, now))
}

// unusable returns the result when tokens cannot be cached.
func (e *exam) unusable(err error) result {
	r := failure(err)
	r.found += "; every get calls AWS"
	if errors.Is(err, store.ErrUnsafe) {
		if info, err := os.Lstat(e.Cache.Dir); err == nil && info.IsDir() {
			r.next = fmt.Sprintf("chmod 700 %s; if it is another user's, %s", e.Cache.Dir, r.next)
		}
	}
	return e.or(r)
}

// keeper returns where tokens are stored: a credential store or a directory.
func (e *exam) keeper() string {
	if name := e.Config.Cache.Store; name != "" {
		return "docker-credential-" + name
	}
	return e.Cache.Dir
}

// kept describes the cached token for this registry.
func (e *exam) kept(kept []store.Kept, now time.Time) string {
	if e.registry.Host == "" {
		return ""
	}
	text := ", none for this registry"
	var longest int64
	for _, k := range kept {
		if k.Host == e.registry.Host && k.Valid(now) && k.Expiry > longest {
			longest = k.Expiry
			text = fmt.Sprintf("; the one for this registry was issued to %s and expires in %s", k.IssuedTo, minutes(time.Unix(k.Expiry, 0).Sub(now)))
		}
	}
	return text
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
