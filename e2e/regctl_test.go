package e2e

import "testing"

// TestRegctl copies an image between registries of two accounts. With credsStore, regctl runs the helper only for the
// registries in the output of list.
func TestRegctl(t *testing.T) {
	aws := startAWS(t)
	img := newImage(t)
	c := regctl(t)
	from, to := reference(t, firstHost), reference(t, secondHost)

	s := newSession(t, aws, c, img, credHelpers)
	s.must(t, c.push, from)
	s.clearCache(t)
	aws.ResetCalls()
	s.with("FROM="+from).must(t, `regctl image copy $FROM $REF`, to)
	first, second := tokenRequests(aws, "us-west-2"), tokenRequests(aws, "eu-central-1")
	if first != 1 || second != 1 || len(aws.Calls()) != 2 {
		t.Errorf("AWS received %d and %d token requests, and %d requests in total, want 1 for each registry",
			first, second, len(aws.Calls()))
	}
	s.must(t, c.pull, to)

	s = newSession(t, aws, c, img, credsStore)
	aws.ResetCalls()
	if output, err := s.sh(t, c.pull, from); err == nil || len(aws.Calls()) > 0 {
		t.Errorf("with credsStore, pull returned %v after %d requests to AWS, want an error without requests:\n%s",
			err, len(aws.Calls()), output)
	}
	s.helper(t, "get", firstHost) // from now on, list contains it
	s.must(t, c.pull, from)
}
