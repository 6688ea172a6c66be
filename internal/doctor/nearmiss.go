package doctor

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"ecrlogin/internal/program"
	"ecrlogin/internal/typo"
	"ecrlogin/registry"
)

// nearMiss describes a key of credHelpers that is probably meant for this host but does not match it, "" if there is
// none.
func (c *checker) nearMiss(helpers map[string]string) string {
	if c.Address == "" {
		return ""
	}
	mistyped, neighbor := "", ""
	for _, key := range slices.Sorted(maps.Keys(helpers)) {
		fault := misspelled(key, c.Address)
		switch {
		case fault != "":
			return fmt.Sprintf(`has the key %q under "credHelpers", which never matches, because %s; the key must be exactly %q`,
				registry.Shown(key), fault, c.Address)
		case helpers[key] != program.Helper:
		case c.isMistyped(key):
			mistyped = cmp.Or(mistyped, fmt.Sprintf(
				`has the key %q under "credHelpers", which is not a registry host; if %q is meant, correct the key`,
				registry.Shown(key), c.Address))
		default:
			neighbor = cmp.Or(neighbor, c.neighbor(key))
		}
	}
	return cmp.Or(mistyped, neighbor)
}

// misspelled returns why a key that is meant for the host does not match, "" if it is not meant for it.
func misspelled(key, address string) string {
	_, rest, hasScheme := strings.Cut(key, "://")
	if !hasScheme {
		rest = key
	}
	host, _, hasPath := strings.Cut(rest, "/")
	name, port, _ := strings.Cut(host, ":")
	own, ownPort, _ := strings.Cut(address, ":")
	matches, _ := path.Match(strings.ToLower(host), strings.ToLower(address)) // an invalid pattern matches nothing
	switch {
	case !strings.EqualFold(name, own) && !matches:
		return ""
	case hasScheme:
		return "it has a scheme"
	case hasPath:
		return "it has a path"
	case strings.Contains(host, "*"):
		return "Docker does not support wildcards"
	case port != ownPort:
		return "its port differs"
	}
	return "its letter case differs"
}

// isMistyped reports whether a key that is not a registry host was probably meant for this host: it differs in at most
// two characters, or begins with the same account.
func (c *checker) isMistyped(key string) bool {
	key, host := strings.ToLower(key), c.Host()
	if _, err := registry.Parse(key); err == nil || len(key) > 2*len(host) {
		return false
	}
	return typo.Distance(key, host) <= 2 ||
		!c.IsAlias() && !c.Registry.Public && strings.HasPrefix(key, c.Registry.Account+".") && strings.Contains(key, "ecr")
}

// neighbor describes a key for the same account in another region, or for another account in the same region, "" if
// it is neither.
func (c *checker) neighbor(key string) string {
	r, err := registry.Parse(key)
	account, region := r.Account == c.Registry.Account, r.Region == c.Registry.Region
	which := "another region of the same account"
	switch {
	case err != nil, r.Public, c.Registry.Public, c.IsAlias(), account == region:
		return ""
	case region:
		which = "another account in the same region"
	}
	return fmt.Sprintf("configures %s for %s, which is %s, but no helper for this host", program.Helper, key, which)
}
