package awstest

import (
	"fmt"
	"io"
	"net/http"

	ociregistry "github.com/google/go-containerregistry/pkg/registry"

	"ecrlogin/registry"
)

// imagesOf returns an in-memory registry. There is one for each account and region, which all its host names share
// (IPv4, FIPS, dual stack), one for ECR Public, and one for each other host name.
func (s *Server) imagesOf(name string) http.Handler {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.images[name] == nil {
		s.images[name] = ociregistry.New(ociregistry.Logger(quiet), ociregistry.WithReferrersSupport(true))
	}
	return s.images[name]
}

// serveRegistry serves the registry of the dialed host, with Basic authentication as ECR does. It accepts the tokens of
// the host's region. A host that is not ECR, such as a loopback address, accepts the tokens of all regions.
//
// The real ECR Public requires a Bearer token for all requests. Here, reading requires no token, and clients that
// request /v2/ before they push get no challenge.
//
// If a token was issued to a session with a policy, the policy limits the use of the token. Whether AWS does the same
// is not known from documentation.
func (s *Server) serveRegistry(w http.ResponseWriter, r *http.Request) {
	host, _ := dialed(r)
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
		s.imagesOf(name).ServeHTTP(w, r)
	}
}

// authorize reports whether r contains a token for reg. If not, it sends an error response.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request, host string, reg registry.Registry) bool {
	user, password, _ := r.BasicAuth()
	now := s.now()
	s.mu.Lock()
	t, known := s.tokens[password]
	s.mu.Unlock()
	switch {
	case !known || user != userName:
		challenge(w, host)
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, "Not Authorized\n")
	case !now.Before(t.expires):
		challenge(w, host)
		deny(w, http.StatusUnauthorized, "Your authorization token has expired. Reauthenticate and try again.")
	case reg.Region != "" && (t.region != reg.Region || t.public != reg.Public):
		deny(w, http.StatusForbidden, "Your Authorization Token is invalid.")
	default:
		message := t.forbidden(r, reg)
		if message == "" {
			return true
		}
		deny(w, http.StatusForbidden, message)
	}
	return false
}

func challenge(w http.ResponseWriter, host string) {
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	w.Header().Set("Www-Authenticate", fmt.Sprintf(`Basic realm="https://%s/",service="ecr.amazonaws.com"`, host))
}

// deny sends an error response of the OCI distribution specification.
func deny(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"errors":[{"code":"DENIED","message":%q}]}`+"\n", message)
}
