package e2e

import (
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// TestDeadlines measures how long the helper makes a user wait when something on its
// way does not answer.
func TestDeadlines(t *testing.T) {
	t.Run("API that never answers", func(t *testing.T) {
		t.Parallel()
		aws := awstest.New(t)
		aws.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Hang: true})
		r := get(t, firstHost, append(keys(), "AWS_ENDPOINT_URL="+aws.URL)...)
		measured(t, r, 15*time.Second)
		r.mustFail(t, 15*time.Second)
	})
	t.Run("metadata service that never answers", func(t *testing.T) {
		t.Parallel()
		// The kernel accepts connections to it, and that is all.
		silent, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
		r := get(t, firstHost, "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://"+silent.Addr().String())
		measured(t, r, 2500*time.Millisecond)
		r.mustFail(t, 2500*time.Millisecond)
	})
	t.Run("slow credential_process", func(t *testing.T) {
		t.Parallel()
		aws := awstest.New(t)
		r := get(t, firstHost, "AWS_CONFIG_FILE="+slowProcess(t), "AWS_ENDPOINT_URL="+aws.URL)
		measured(t, r, 15*time.Second)
		if r.exit != 0 || r.took < slowness {
			t.Errorf("exit code %d after %v, want 0 after %v\n%s", r.exit, r.took, slowness, r.stderr)
		}
	})
}

// TestPromptness measures what must not be felt at all, with nothing else running.
func TestPromptness(t *testing.T) {
	t.Run("no credentials and no metadata service", func(t *testing.T) {
		r := fastest(func() run { return get(t, firstHost, "AWS_EC2_METADATA_DISABLED=true") })
		measured(t, r, 100*time.Millisecond)
		r.mustFail(t, 100*time.Millisecond)
	})
	t.Run("registry that is not ECR", func(t *testing.T) {
		r := fastest(func() run { return get(t, plainRegistry) })
		measured(t, r, 100*time.Millisecond)
		if r.exit != 1 || r.stdout != "credentials not found in native keychain\n" || r.took > 100*time.Millisecond {
			t.Errorf("exit code %d and stdout %q after %v", r.exit, r.stdout, r.took)
		}
	})
}

func keys() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + awstest.KeyID, "AWS_SECRET_ACCESS_KEY=" + awstest.SecretKey}
}

// slowness is how long the credential_process of slowProcess takes.
const slowness = 8 * time.Second

// slowProcess writes an AWS configuration whose credentials come from a slow program.
func slowProcess(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	script, config := filepath.Join(dir, "process.sh"), filepath.Join(dir, "config")
	writeFile(t, script, fmt.Sprintf("sleep %d\necho '{\"Version\": 1, \"AccessKeyId\": %q, \"SecretAccessKey\": %q}'\n",
		int(slowness.Seconds()), awstest.KeyID, awstest.SecretKey))
	writeFile(t, config, fmt.Sprintf("[default]\ncredential_process = sh %s\n", script))
	return config
}

// fastest returns the fastest of ten runs: how long the helper takes, without what the
// machine happened to do besides.
func fastest(f func() run) run {
	best := f()
	for range 9 {
		if r := f(); r.took < best.took {
			best = r
		}
	}
	return best
}

func measured(t *testing.T, r run, limit time.Duration) {
	t.Helper()
	t.Logf("took %v of %v: exit code %d", r.took.Round(time.Millisecond/10), limit, r.exit)
}
