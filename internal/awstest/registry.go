package awstest

import (
	"fmt"
	"io"
	"net/http"
	"sync"

	ociregistry "github.com/google/go-containerregistry/pkg/registry"

	"ecrlogin/registry"
)

// images holds one registry in memory for each account and region, which all host names of it share (plain, FIPS, dual
// stack), one for ECR Public, and one for each other host name.
type images struct {
	mu       sync.Mutex
	handlers map[string]http.Handler
}

func newImages() *images { return &images{handlers: map[string]http.Handler{}} }

func (i *images) handler(name string) http.Handler {
	i.mu.Lock()
	defer i.mu.Unlock()
	h, ok := i.handlers[name]
	if !ok {
		h = ociregistry.New(ociregistry.Logger(quiet), ociregistry.WithReferrersSupport(true))
		i.handlers[name] = h
	}
	return h
}

// serveRegistry serves the registry of the host that was dialled, behind Basic authentication as ECR does. It takes the
// tokens of the host's region; a host that is not of ECR, such as a loopback address, takes those of any.
//
// ECR Public differs from the real one, which sends every client for a Bearer token first. Here all may read without a
// token, and clients that look for a challenge before they push find none.
func (s *Server) serveRegistry(w http.ResponseWriter, r *http.Request) {
	host, _ := dialled(r)
	name := host
	reg, err := registry.Parse(host)
	switch {
	case err == nil && reg.Public:
		name = "public"
	case err == nil:
		name = reg.Account + "/" + reg.Region
	}
	_, _, hasAuth := r.BasicAuth()
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	if reg.Public && reads && !hasAuth || s.authorize(w, r, host, reg) {
		s.images.handler(name).ServeHTTP(w, r)
	}
}

// authorize reports whether r carries a token for reg, and otherwise refuses it.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request, host string, reg registry.Registry) bool {
	user, password, ok := r.BasicAuth()
	refused := unknownToken
	if ok && user == userName {
		refused = s.tokens.check(password, reg.Region, reg.Public, s.now())
	}
	switch refused {
	case accepted:
		return true
	case foreignToken:
		deny(w, http.StatusForbidden, "Your Authorization Token is invalid.")
	case expiredToken:
		challenge(w, host)
		deny(w, http.StatusUnauthorized, "Your authorization token has expired. Reauthenticate and try again.")
	default:
		challenge(w, host)
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, "Not Authorized\n")
	}
	return false
}

func challenge(w http.ResponseWriter, host string) {
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	w.Header().Set("Www-Authenticate", fmt.Sprintf(`Basic realm="https://%s/",service="ecr.amazonaws.com"`, host))
}

// deny answers with an error of the OCI distribution specification.
func deny(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"errors":[{"code":"DENIED","message":%q}]}`+"\n", message)
}
