package e2e

import (
	"fmt"
	"testing"
)

// alias moves an image under a name that is not ECR's, with the token of the registry that
// the configuration names.
func alias(t *testing.T, sc scene) {
	s := sc.session(t, credHelpers)
	writeFile(t, s.dockerConfig(), fmt.Sprintf(`{"credHelpers": {%q: "ecr-login"}}`, aliasHost))
	s.configureHelper(t, fmt.Sprintf("registries: [{match: %q, registry: %q}]\n", "*.corp.example", secondHost))
	roundTrip(t, sc, s, reference(t, aliasHost))
	if n, all := asked(sc.aws, "eu-central-1"), len(sc.aws.Calls()); n != 1 || all != 1 {
		t.Errorf("AWS was asked %d times for %s, and %d times in all", n, secondHost, all)
	}
}
