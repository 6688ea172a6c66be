package kubernetes

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// TestBoot runs a hundred concurrent helpers for ten registries, as on a node that boots. AWS receives one token
// request, because the registries are in one region.
func TestBoot(t *testing.T) {
	const runs, registries = 100, 10
	aws := awstest.New(t)
	clearCache(t)
	p := newProvider(t, aws)
	p.program, p.args = filepath.Join(t.TempDir(), "ecr-credential-provider"), nil
	if err := os.Symlink(lookPath(t, "docker-credential-ecr-login"), p.program); err != nil {
		t.Fatal(err)
	}
	outcomes := make([]outcome, runs)
	var all sync.WaitGroup
	for i := range outcomes {
		all.Go(func() {
			outcomes[i] = p.run(t, requestOf(fmt.Sprintf("%012d.dkr.ecr.us-west-2.amazonaws.com/app-%d", 111111111111+i%registries, i)))
		})
	}
	all.Wait()
	var took []time.Duration
	passwords := map[string]bool{}
	for _, o := range outcomes {
		passwords[passwordIn(t, o)] = true
		took = append(took, o.took)
	}
	if n := aws.Count(awstest.GetAuthorizationToken); n != 1 || len(passwords) != 1 {
		t.Errorf("AWS received %d token requests and returned %d passwords, want 1", n, len(passwords))
	}
	if files, err := os.ReadDir(cacheDir); err != nil || len(files) == 0 {
		t.Errorf("%s contains %d files: %v", cacheDir, len(files), err)
	}
	t.Logf("%d concurrent runs for %d registries: %d calls; exec to response: median %v, longest %v", runs, registries,
		aws.Count(awstest.GetAuthorizationToken), median(took), slices.Max(took).Round(time.Millisecond))
}

// TestTime prints how long the kubelet waits for a response of the helper, for a cache hit and for a miss.
func TestTime(t *testing.T) {
	const runs = 30
	aws := awstest.New(t)
	clearCache(t)
	request := requestOf(firstHost + "/app")
	hit := newProvider(t, aws)
	miss := newProvider(t, aws, "AWS_ECR_DISABLE_CACHE=1")
	timed(t, hit, request) // fill the cache
	var hits, misses []time.Duration
	for range runs {
		hits = append(hits, timed(t, hit, request))
		misses = append(misses, timed(t, miss, request))
	}
	if n := aws.Count(awstest.GetAuthorizationToken); n != 1+runs {
		t.Errorf("AWS received %d token requests, want %d", n, 1+runs)
	}
	t.Logf("exec to response, median of %d: %v for a hit, %v for a miss", runs, median(hits), median(misses))
}

// timed returns the run time of the helper for a response with a password.
func timed(t *testing.T, p provider, request string) time.Duration {
	t.Helper()
	o := p.run(t, request)
	passwordIn(t, o)
	return o.took
}

func median(all []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(all))[len(all)/2].Round(10 * time.Microsecond)
}
