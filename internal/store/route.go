package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"time"
)

// A Route is what the user's configuration decided for a host. It is stored for the fast path, which cannot parse the
// configuration. It contains no secret. If another release of this program decides otherwise, it replaces the route in
// its next request on the slow path, at the latest when the token is renewed.
type Route struct {
	Registry  string        // the host of the ECR registry whose token the host gets
	Dir       string        // the cache directory in the configuration; "" if not set
	Timeout   time.Duration // the time limit in the configuration; 0 if not set
	Variables []string      // the variables in the configuration that affect the identity
}

// routeName returns the name of the file of a route. It contains a hash of the configuration, so that no other
// configuration has this route. File names on Windows cannot contain the colon before a port.
func routeName(address string, configuration []byte) string {
	return name(strings.ReplaceAll(address, ":", "_"), sha256.Sum256(configuration), routeSuffix)
}

// LoadRoute returns the route of an address, as registry.Address returns it, for a configuration with exactly this
// content. ok is false if there is none, if another version of this program wrote it, or if another user could have.
// The caller has to check the Registry.
func (s *Store) LoadRoute(address string, configuration []byte) (r Route, ok bool) {
	b, err := s.read(routeName(address, configuration))
	if err != nil {
		return Route{}, false
	}
	v, err := decodeLines(b, "route", 5)
	if err != nil {
		return Route{}, false
	}
	timeout, err := time.ParseDuration(v[3])
	if err != nil || timeout < 0 || v[0] != address {
		return Route{}, false
	}
	return Route{Registry: v[1], Dir: v[2], Timeout: timeout, Variables: strings.Fields(v[4])}, true
}

// SaveRoute stores the route of an address. It ignores errors, because without a route a request only takes longer. It
// does not overwrite a route of a later version, and does not write the same one again within half a day.
func (s *Store) SaveRoute(address string, configuration []byte, r Route, now time.Time) {
	b, err := encodeLines("route", address, r.Registry, r.Dir, r.Timeout.String(), strings.Join(r.Variables, " "))
	if err != nil {
		return
	}
	file := routeName(address, configuration)
	old, _ := s.read(file)
	if bytes.Equal(old, b) && now.Sub(s.Touched(file)).Abs() < day/2 {
		return
	}
	if _, err := decodeLines(old, "route", 5); errors.Is(err, ErrLater) {
		return
	}
	_ = s.write(file, b)
	_ = s.Sweep(now) // routes of previous configurations; this may be a directory without tokens
}

// EraseRoutes removes all routes.
func (s *Store) EraseRoutes() error {
	return s.remove(func(f file) bool { return f.suffix == routeSuffix })
}
