package awstest_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ecrlogin/internal/awstest"
)

func TestCounts(t *testing.T) {
	s := awstest.New(t)
	client := newECR(t, s)
	for range 2 {
		if _, err := client.GetAuthorizationToken(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	type counts struct {
		Token, OtherKey, Public int
		Dialed                  []string // without repetitions, because the client may open a second connection
	}
	count := func() counts {
		return counts{
			Token:    s.CountKey(awstest.GetAuthorizationToken, awstest.KeyID),
			OtherKey: s.CountKey(awstest.GetAuthorizationToken, "AKIAOTHER"),
			Public:   s.Count(awstest.GetPublicAuthorizationToken),
			Dialed:   slices.Compact(s.DialedHosts()),
		}
	}
	if diff := cmp.Diff(counts{Token: 2, Dialed: []string{"api.ecr.us-west-2.amazonaws.com"}}, count()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	s.ResetCalls()
	if diff := cmp.Diff(counts{}, count()); diff != "" {
		t.Errorf("counts after ResetCalls (-want +got):\n%s", diff)
	}
}

func TestConcurrentCalls(t *testing.T) {
	const each = 20
	s := awstest.New(t)
	client := newECR(t, s)
	s.Inject(awstest.Fault{Type: "AccessDeniedException", Times: each})
	var failed atomic.Int64
	var calls sync.WaitGroup
	for range 2 * each {
		calls.Go(func() {
			if _, err := client.GetAuthorizationToken(t.Context(), nil); err != nil {
				failed.Add(1)
			}
			s.SetClock(nil)
			s.AddKey(defaultKey)
			s.IssueToken("us-west-2", false)
		})
	}
	calls.Wait()
	if failed.Load() != each || s.Count(awstest.GetAuthorizationToken) != 2*each {
		t.Errorf("%d of %d calls failed, want %d of %d", failed.Load(), s.Count(awstest.GetAuthorizationToken), each, 2*each)
	}
}
