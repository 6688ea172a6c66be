package e2e

import (
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// TestDeadlines measures how long the helper runs if a service does not respond.
func TestDeadlines(t *testing.T) {
	t.Run("unresponsive API", func(t *testing.T) {
		t.Parallel()
		aws := awstest.New(t)
		aws.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Hang: true})
		r := get(t, firstHost, append(keys(), "AWS_ENDPOINT_URL="+aws.URL)...)
		measured(t, r, 15*time.Second)
		r.mustFail(t, 15*time.Second)
	})
	t.Run("unresponsive metadata service", func(t *testing.T) {
		t.Parallel()
		// The kernel accepts the connections, but no response is sent.
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
		if r.exit != 0 || r.took < processDuration {
			t.Errorf("exit code %d after %v, want 0 after %v\n%s", r.exit, r.took, processDuration, r.stderr)
		}
	})
}

// TestPromptness measures requests that must take less than 0.1 s. It does not run in parallel with other tests.
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

// processDuration is the run time of the credential_process of slowProcess.
const processDuration = 8 * time.Second

// slowProcess writes an AWS configuration with a slow credential_process.
func slowProcess(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	script, config := filepath.Join(dir, "process.sh"), filepath.Join(dir, "config")
	writeFile(t, script, fmt.Sprintf("sleep %d\necho '{\"Version\": 1, \"AccessKeyId\": %q, \"SecretAccessKey\": %q}'\n",
		int(processDuration.Seconds()), awstest.KeyID, awstest.SecretKey))
	writeFile(t, config, fmt.Sprintf("[default]\ncredential_process = sh %s\n", script))
	return config
}

// fastest returns the fastest of ten runs, to exclude the effect of other load on the machine.
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
