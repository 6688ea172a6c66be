package fastpath

import (
	"bytes"
	"strings"
	"time"

	"ecrlogin/internal/environ"
	"ecrlogin/internal/store"
	"ecrlogin/registry"
)

// route returns what the configuration decides for a host: for an ECR registry, nothing, if its settings concern only
// rules and the fallback, or else the route that the slow path stored. ok is false if there is none.
func (q *query) route(configuration []byte) (route store.Route, ok bool) {
	r, notECR := registry.Parse(q.host)
	if notECR == nil && hasNoSettings(configuration) {
		return store.Route{Registry: r.Host}, true
	}
	address, err := registry.Address(q.host)
	if err != nil || !q.kubelet && registry.IsUpstream(address) { // an alias for the kubelet only
		return store.Route{}, false
	}
	if q.opened, err = store.Open(q.defaultDir, q.env); err != nil {
		return store.Route{}, false
	}
	if route, ok = q.opened.LoadRoute(address, configuration); !ok {
		return store.Route{}, false
	}
	// No host gets a token because of a file alone: this is the gate for aliases, as in Config.Resolve.
	target, err := registry.Parse(route.Registry)
	if err != nil || target.Host != route.Registry || notECR == nil && target != r {
		return store.Route{}, false
	}
	return route, notECR == nil || containsAlias(configuration, address, target.Host)
}

// containsAlias reports whether a configuration contains the registry of an alias, and the last two labels of the
// alias, which cannot contain a wildcard. A planted route then has no effect for hosts of other domains. If the
// configuration contains them in another form, the request takes the slow path.
func containsAlias(configuration []byte, address, registry string) bool {
	text := strings.ToLower(string(configuration))
	domain, _, _ := strings.Cut(address, ":")
	if i := strings.LastIndexByte(domain, '.'); i >= 0 {
		domain = domain[strings.LastIndexByte(domain[:i], '.')+1:]
	}
	return strings.Contains(text, domain) && strings.Contains(text, registry)
}

// SaveRoute stores what a configuration, which only the slow path can parse, decided for a host, if the fast path needs
// that. The configuration has no Keychain, and does not disable the cache. Without a default cache directory, SaveRoute
// has no effect.
func SaveRoute(env environ.Env, sent string, configuration []byte, route store.Route) {
	address, err := registry.Address(sent)
	if err != nil || address == "" {
		return
	}
	if _, err := registry.Parse(sent); err == nil && hasNoSettings(configuration) {
		return
	}
	dir := store.Dir(env, "")
	if dir == "" {
		return
	}
	s, err := store.Create(dir, env)
	if err != nil {
		return
	}
	defer s.Close()
	s.SaveRoute(address, configuration, route, time.Now())
}

// EraseRoutes removes what SaveRoute stored.
func EraseRoutes(env environ.Env) error {
	dir := store.Dir(env, "")
	if dir == "" {
		return nil
	}
	s, err := store.Open(dir, env)
	if err != nil {
		return nil
	}
	defer s.Close()
	return s.EraseRoutes()
}

// hasNoSettings reports whether a configuration certainly sets neither the cache nor the time limit: it contains
// neither of the words, nor an escape sequence, with which YAML could hide them.
func hasNoSettings(configuration []byte) bool {
	for _, s := range []string{"cache", "timeout", `\`} {
		if bytes.Contains(configuration, []byte(s)) {
			return false
		}
	}
	return true
}
