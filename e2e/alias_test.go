package e2e

import (
	"fmt"
	"testing"
)

// alias pushes and pulls an image at an alias host, with the token of the registry in the configuration.
func alias(t *testing.T, sc fixture) {
	s := sc.session(t, credHelpers)
	writeFile(t, s.dockerConfig(), fmt.Sprintf(`{"credHelpers": {%q: "ecr-login"}}`, aliasHost))
	s.configureHelper(t, fmt.Sprintf("registries: [{match: %q, registry: %q}]\n", "*.corp.example", secondHost))
	roundTrip(t, sc, s, reference(t, aliasHost))
	if n, all := tokenRequests(sc.aws, "eu-central-1"), len(sc.aws.Calls()); n != 1 || all != 1 {
		t.Errorf("AWS received %d token requests for %s, and %d requests in total, want 1", n, secondHost, all)
	}
}
