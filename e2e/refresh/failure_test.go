package refresh

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// oneFile returns a directory for a password file, the path of this file, and a configuration file for it.
func oneFile(t *testing.T) (dir, passwordFile, config string) {
	t.Helper()
	dir = publicDir(t)
	passwordFile = filepath.Join(dir, "passwords", "first.pass")
	if err := os.Mkdir(filepath.Dir(passwordFile), 0o755); err != nil {
		t.Fatal(err)
	}
	const yaml = "interval: 30m\nregistries:\n- registry: %s\n  passwordFile: %s\n  mode: \"0644\"\n"
	return dir, passwordFile, writeFile(t, filepath.Join(dir, "config.yaml"), fmt.Sprintf(yaml, firstHost, passwordFile))
}

// deny makes AWS deny tokens, as it does without the permission.
func deny(aws *awstest.Server) {
	aws.Inject(awstest.Fault{
		Op: awstest.GetAuthorizationToken, Type: "AccessDeniedException",
		Message: "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: " +
			"ecr:GetAuthorizationToken on resource: *",
	})
}

// TestHealth denies tokens from the start, and again later. /health reports the reason while there is no valid
// password.
func TestHealth(t *testing.T) {
	t.Parallel()
	aws := startAWS(t)
	aws.SetTokenLifetime(tokenLife)
	_, file, config := oneFile(t)
	deny(aws)
	d := start(t, aws, config, keys())
	page := d.await(t, "/health", 503, `"status":"unhealthy"`, file, "not written yet", "ecr:GetAuthorizationToken")
	if !json.Valid([]byte(page)) {
		t.Errorf("/health is not JSON: %s", page)
	}
	t.Logf("/health without a token: %s", page)
	if status, _ := d.get("/readyz"); status != 503 {
		t.Errorf("/readyz: status %d, want 503", status)
	}
	if status, page := d.get("/healthz"); status != 200 {
		t.Errorf("/healthz: status %d, want 200, because a restart does not help: %s", status, page)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the password file exists without a token: %v", err)
	}
	allowed := time.Now()
	aws.ClearFaults()
	d.await(t, "/health", 200)
	d.await(t, "/readyz", 200)

	deny(aws)
	d.await(t, "/health", 503, "expired at", "ecr:GetAuthorizationToken")
	if valid := time.Since(allowed); valid < tokenLife-time.Second {
		t.Errorf("unhealthy %v after AWS allowed a token, which is valid for %v", valid, tokenLife)
	}
	last := readFile(t, file)
	aws.ClearFaults()
	d.await(t, "/health", 200, `{"status":"healthy"}`)
	if readFile(t, file) == last {
		t.Error("healthy, although the password file has not changed")
	}
}

// TestOthersContinue has a registry whose role AWS denies, and a file whose directory is missing. The other registry is
// not affected. When the causes are removed, the daemon continues without a restart.
func TestOthersContinue(t *testing.T) {
	t.Parallel()
	const role = "arn:aws:iam::210987654321:role/pull"
	aws := startAWS(t)
	aws.SetTokenLifetime(tokenLife)
	dir, file, config := oneFile(t)
	missing, second := filepath.Join(dir, "missing", "first.pass"), filepath.Join(dir, "passwords", "second.pass")
	more := "- registryId: \"123456789012\"\n  region: us-west-2\n  passwordFile: " + missing + "\n" +
		"- registry: " + secondHost + "\n  roleArn: " + role + "\n  passwordFile: " + second + "\n"
	writeFile(t, config, readFile(t, config)+more)
	d := start(t, aws, config, keys())
	d.await(t, "/health", 503, missing, second)
	d.await(t, "/status", 200, `"state":"current"`)
	startReader(t, aws, file, 1000, 4).finish(t, aws)

	_, page := d.get("/health")
	t.Logf("/health: %s", page)
	if strings.Contains(page, file) || !containsAll(page, []string{missing, second, "role/pull"}) {
		t.Errorf("/health: %s\nwant the files that are missing, and not %s", page, file)
	}
	for _, f := range []string{missing, second} {
		if _, err := os.Stat(f); err == nil {
			t.Errorf("%s exists", f)
		}
	}
	aws.AllowRole(role)
	if err := os.Mkdir(filepath.Dir(missing), 0o755); err != nil {
		t.Fatal(err)
	}
	d.await(t, "/health", 200)
	for _, f := range []string{missing, second} {
		if readFile(t, f) == "" {
			t.Errorf("%s is empty", f)
		}
	}
}
