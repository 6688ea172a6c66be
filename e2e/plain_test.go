package e2e

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
)

// plainRegistry is the address of a registry without TLS and passwords, which is not Amazon ECR.
const plainRegistry = "127.0.0.1:5000"

// TestPlainRegistry checks that a registry that is not Amazon ECR works with the helper configured, with all clients
// and settings, and that AWS receives no requests.
func TestPlainRegistry(t *testing.T) {
	aws := startAWS(t)
	startDockerd(t)
	startPlainRegistry(t)
	img := newImage(t)
	for _, c := range clients(t) {
		for _, how := range []setting{credHelpers, c.allHosts} {
			t.Run(c.name+"/"+string(how), func(t *testing.T) {
				sc := fixture{aws: aws, client: c, image: img, row: new(row)}
				s, ref := sc.session(t, how), reference(t, plainRegistry)
				s.must(t, c.build, ref) // Docker's legacy builder runs get for all configured hosts
				aws.ResetCalls()
				s.must(t, c.push, ref)
				s.must(t, c.remove, ref)
				s.must(t, c.pull, ref)
				if calls := aws.Calls(); len(calls) > 0 {
					t.Errorf("AWS received requests for a registry that is not Amazon ECR: %v", calls)
				}
				repository, _, _ := strings.Cut(strings.TrimPrefix(ref, plainRegistry+"/"), ":")
				if got := catalog(t); !slices.Contains(got, repository) {
					t.Errorf("the catalog %q does not contain %s", got, repository)
				}
			})
		}
	}
}

func startPlainRegistry(t *testing.T) {
	t.Helper()
	serve(t, plainRegistry, registry.New(registry.Logger(log.New(io.Discard, "", 0))).ServeHTTP)
}

// catalog returns the repositories of the plain registry.
func catalog(t *testing.T) []string {
	t.Helper()
	resp, err := http.Get("http://" + plainRegistry + "/v2/_catalog")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var body struct{ Repositories []string }
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	return body.Repositories
}
