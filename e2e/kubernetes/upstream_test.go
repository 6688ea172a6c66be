package kubernetes

import (
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"

	"ecrlogin/internal/awstest"
)

// The hosts of Docker Hub, and the address where its stand-in listens.
const (
	hubRegistry = "registry-1.docker.io"
	hubLogin    = "auth.docker.io"
	hubAddress  = "127.0.0.2"
)

// An upstream is a stand-in for Docker Hub. It rejects all passwords, as Docker Hub rejects those of Amazon ECR.
type upstream struct {
	mu        sync.Mutex
	requests  []string // METHOD HOST/PATH
	passwords []string // in these requests
}

// startUpstream starts the stand-in, with certificates that the clients of aws trust. A client that has read /etc/hosts
// in the last five seconds may not find it.
func startUpstream(t *testing.T, aws *awstest.Server) *upstream {
	t.Helper()
	const names = "/etc/hosts"
	preserve(t, names)
	writeFile(t, names, readFile(t, names)+hubAddress+" "+hubRegistry+" "+hubLogin+"\n")
	l, err := net.Listen("tcp", net.JoinHostPort(hubAddress, "443"))
	if err != nil {
		t.Fatal(err)
	}
	u := new(upstream)
	server := &http.Server{Handler: u}
	go func() { _ = server.Serve(aws.Secure(l)) }() // until Close
	t.Cleanup(func() { server.Close() })
	return u
}

// ServeHTTP records a request and its password. The registry requires a token, which a client gets from the login
// server for a password, with GET or POST.
func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, password, ok := r.BasicAuth()
	if !ok {
		password = r.PostFormValue("password")
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.requests = append(u.requests, r.Method+" "+r.Host+r.URL.Path)
	if password != "" {
		u.passwords = append(u.passwords, password)
	}
	if r.Host == hubRegistry {
		w.Header().Set("Www-Authenticate", `Bearer realm="https://`+hubLogin+`/token",service="registry.docker.io"`)
	}
	w.WriteHeader(http.StatusUnauthorized)
}

// received returns the requests and passwords since the last call.
func (u *upstream) received() (requests, passwords []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	requests, passwords = u.requests, u.passwords
	u.requests, u.passwords = nil, nil
	return requests, passwords
}

// preserve restores files at the end of the test.
func preserve(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		before, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			restore := os.RemoveAll(path)
			if err == nil {
				restore = os.WriteFile(path, before, 0o644)
			}
			if restore != nil {
				t.Error(restore)
			}
		})
	}
}
