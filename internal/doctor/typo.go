package doctor

import (
	"strings"

	"ecrlogin/internal/typo"
	"ecrlogin/registry"
)

// mistyped reports whether a key of credHelpers that is not a registry host was probably meant for this host: it
// differs in at most two characters, or begins with the same account.
func (e *exam) mistyped(key string) bool {
	key, address := strings.ToLower(key), strings.ToLower(e.address)
	if _, err := registry.Parse(key); err == nil || len(key) > 2*len(address) {
		return false
	}
	account := e.registry.Account + "."
	return typo.Distance(key, address) <= 2 ||
		!e.isAlias() && !e.registry.Public && strings.HasPrefix(key, account) && strings.Contains(key, "ecr")
}
