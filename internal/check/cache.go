package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"ecrlogin/internal/store"
)

// CheckCache checks whether tokens can be cached, and describes the cached ones, which clients get instead of the token
// that the other checks requested.
func (p *Pull) CheckCache(context.Context) Result {
	switch dir := p.Cache.Dir; {
	case dir != "":
	case p.Config.Cache.Disabled:
		return Skipped("disabled in %s", p.Config.Path)
	case p.Env.Get("AWS_ECR_DISABLE_CACHE") != "":
		return Skipped("disabled by AWS_ECR_DISABLE_CACHE")
	default:
		return Skipped("no cache directory, because HOME, XDG_CACHE_HOME and AWS_ECR_CACHE_DIR are not set")
	}
	if err := p.Cache.Check(); err != nil {
		return p.unusable(err)
	}
	kept, err := p.Cache.Entries()
	if err != nil {
		return Error(err)
	}
	now := time.Now()
	kept = slices.DeleteFunc(kept, func(k store.Kept) bool { return !k.Valid(now) })
	where := p.Cache.Dir
	if name := p.Config.Cache.Store; name != "" {
		where = "docker-credential-" + name
	}
	found := fmt.Sprintf("%s has %s", where, Count(len(kept), "token"))
	switch {
	case len(kept) == 0:
		return OK("%s has no tokens yet", where)
	case p.Registry.Host == "":
		return OK("%s", found)
	}
	kept = slices.DeleteFunc(kept, func(k store.Kept) bool { return k.Host != p.Registry.Host })
	if len(kept) == 0 {
		return OK("%s, none for this registry", found)
	}
	last := slices.MaxFunc(kept, func(a, b store.Kept) int { return cmp.Compare(a.Expiry, b.Expiry) })
	return OK("%s; the one for this registry was issued to %s and expires in %s",
		found, last.IssuedTo, Minutes(time.Unix(last.Expiry, 0).Sub(now)))
}

// unusable returns the result when tokens cannot be cached.
func (p *Pull) unusable(err error) Result {
	r := Error(err)
	r.Found += "; every get calls AWS"
	if errors.Is(err, store.ErrUnsafe) {
		if info, err := os.Lstat(p.Cache.Dir); err == nil && info.IsDir() {
			r.Next = fmt.Sprintf("chmod 700 %s; if it belongs to another user, %s", p.Cache.Dir, r.Next)
		}
	}
	return r
}
