package awstest

import (
	"fmt"
	"io"
	"net/http"
	"strings"

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
// ECR Public requires a Bearer token for all requests, which clients get for a password, or for reading without one.
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
	switch {
	case reg.Public && r.URL.Path == bearerPath:
		s.issueBearer(w, r, host, reg)
	case reg.Public && readsAnonymously(r), s.authorize(w, r, host, reg):
		s.imagesOf(name).ServeHTTP(w, r)
	}
}

// anonymousBearer is the Bearer token of ECR Public for clients without a password. That of other clients is the
// password.
const anonymousBearer = "anonymous"

// bearerPath is where ECR Public exchanges a password for a Bearer token.
const bearerPath = "/token/"

// issueBearer answers a request for a Bearer token.
func (s *Server) issueBearer(w http.ResponseWriter, r *http.Request, host string, reg registry.Registry) {
	_, bearer, ok := r.BasicAuth()
	switch {
	case !ok:
		bearer = anonymousBearer
	case !s.authorize(w, r, host, reg):
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"token":%q}`+"\n", bearer)
}

func readsAnonymously(r *http.Request) bool {
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	return reads && r.Header.Get("Authorization") == "Bearer "+anonymousBearer
}

// login returns the user name and the password of a request, or of its Bearer token.
func login(r *http.Request) (user, password string) {
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return userName, bearer
	}
	user, password, _ = r.BasicAuth()
	return user, password
}

// authorize reports whether r contains a token for reg. If not, it sends an error response.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request, host string, reg registry.Registry) bool {
	user, password := login(r)
	now := s.now()
	s.mu.Lock()
	t, known := s.tokens[password]
	s.mu.Unlock()
	switch {
	case !known || user != userName:
		challenge(w, host, reg)
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, "Not Authorized\n")
	case !now.Before(t.Expires):
		challenge(w, host, reg)
		deny(w, http.StatusUnauthorized, "Your authorization token has expired. Reauthenticate and try again.")
	case reg.Region != "" && (t.Region != reg.Region || t.Public != reg.Public):
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

func challenge(w http.ResponseWriter, host string, reg registry.Registry) {
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	scheme := fmt.Sprintf(`Basic realm="https://%s/",service="ecr.amazonaws.com"`, host)
	if reg.Public {
		scheme = fmt.Sprintf(`Bearer realm="https://%s%s",service=%q,scope="aws"`, host, bearerPath, host)
	}
	w.Header().Set("Www-Authenticate", scheme)
}

// deny sends an error response of the OCI distribution specification.
func deny(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"errors":[{"code":"DENIED","message":%q}]}`+"\n", message)
}
