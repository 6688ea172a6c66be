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

// TestBoot has the helper run a hundred times at once for ten registries, as on a node that boots: AWS is asked ten times.
func TestBoot(t *testing.T) {
	const runs, registries = 100, 10
	aws := awstest.New(t)
	forget(t)
	p := newProvider(t, aws)
	p.program, p.args = filepath.Join(t.TempDir(), "ecr-credential-provider"), nil
	if err := os.Symlink(look(t, "docker-credential-ecr-login"), p.program); err != nil {
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
	if n := aws.Count(awstest.GetAuthorizationToken); n != registries || len(passwords) != registries {
		t.Errorf("AWS was asked %d times and gave %d passwords, want %d", n, len(passwords), registries)
	}
	if files, err := os.ReadDir(cacheDir); err != nil || len(files) == 0 {
		t.Errorf("%s has %d files: %v", cacheDir, len(files), err)
	}
	t.Logf("%d runs at once for %d registries: %d calls; exec to answer: median %v, longest %v", runs, registries,
		aws.Count(awstest.GetAuthorizationToken), median(took), slices.Max(took).Round(time.Millisecond))
}

// TestTime prints how long kubelet waits for an answer, when there is a password and when AWS, which is near here, has to be
// asked.
func TestTime(t *testing.T) {
	const runs = 30
	aws := awstest.New(t)
	forget(t)
	request := requestOf(firstHost + "/app")
	hit := newProvider(t, aws)
	miss := newProvider(t, aws, "AWS_ECR_DISABLE_CACHE=1")
	timed(t, hit, request) // to have a password
	var hits, misses []time.Duration
	for range runs {
		hits = append(hits, timed(t, hit, request))
		misses = append(misses, timed(t, miss, request))
	}
	if n := aws.Count(awstest.GetAuthorizationToken); n != 1+runs {
		t.Errorf("AWS was asked %d times, want %d", n, 1+runs)
	}
	t.Logf("exec to answer, median of %d: %v for a hit, %v for a miss", runs, median(hits), median(misses))
}

// timed returns how long the helper takes to answer with a password.
func timed(t *testing.T, p provider, request string) time.Duration {
	t.Helper()
	o := p.run(t, request)
	passwordIn(t, o)
	return o.took
}

func median(all []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(all))[len(all)/2].Round(10 * time.Microsecond)
}
