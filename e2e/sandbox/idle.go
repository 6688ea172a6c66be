package sandbox

import (
	"os"
	"testing"
	"time"
)

// idleVariable contains the path of the file that Idle creates. run.sh sets it.
const idleVariable = "ECR_LOGIN_E2E_IDLE"

// Idle reports that a test waits for minutes and measures nothing in this time, so that run.sh runs the other packages.
// The function that it returns waits until they have ended. Without run.sh, both do nothing.
func Idle(t *testing.T) (resume func()) {
	t.Helper()
	path := os.Getenv(idleVariable)
	if path == "" {
		return func() {}
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		began := time.Now()
		for {
			if _, err := os.Stat(path); err != nil { // run.sh has removed it
				t.Logf("waited %v for the tests of other packages", time.Since(began).Round(time.Second))
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
}
