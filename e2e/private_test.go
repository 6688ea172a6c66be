package e2e

import (
	"io"
	"log"
	"net"
	"net/http"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
)

// privateRegistry is the address of a registry that requires a password and is not Amazon ECR.
const privateRegistry = "127.0.0.1:5001"

// The user name and password of the private registry.
const privateUser, privatePassword = "ann", "correct-horse-battery-staple"

func startPrivateRegistry(t *testing.T) {
	t.Helper()
	images := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	serve(t, privateRegistry, func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user == privateUser && password == privatePassword {
			images.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Www-Authenticate", `Basic realm="private"`)
		http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`, http.StatusUnauthorized)
	})
}

// serve serves plain HTTP until the test ends.
func serve(t *testing.T, address string, handler http.HandlerFunc) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(listener) }() // until Close
	t.Cleanup(func() { server.Close() })
}
