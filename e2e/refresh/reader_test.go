package refresh

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// clouddriver is the user ID of Clouddriver in Spinnaker's image.
const clouddriver = 10111

// A reading is a process that reads a password file as another user.
type reading struct {
	cmd            *exec.Cmd
	stdout, stderr strings.Builder
	cancel         context.CancelFunc
}

// A report is the output of the reader.
type report struct {
	Opens            int
	Faults, Rejected map[string]int
	Passwords        []string
	Shortest         time.Duration
	Requests         int
}

// startReader starts to read a file at least opens times, and until it has had a number of different contents.
func startReader(t *testing.T, aws *awstest.Server, file string, opens, contents int) *reading {
	t.Helper()
	built, err := exec.LookPath("reader")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(publicDir(t), "reader") // PATH is in a directory of root
	if out, err := exec.Command("cp", built, program).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	r := &reading{cancel: cancel,
		cmd: exec.CommandContext(ctx, program, file, firstHost, strconv.Itoa(opens), strconv.Itoa(contents))}
	r.cmd.Env, r.cmd.Dir = environ(aws), "/"
	r.cmd.Stdout, r.cmd.Stderr = &r.stdout, &r.stderr
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: clouddriver, Gid: clouddriver}}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return r
}

// report waits for the end of the reader, and returns what it has found.
func (r *reading) report(t *testing.T) (found report) {
	t.Helper()
	defer r.cancel()
	if err := r.cmd.Wait(); err != nil {
		t.Fatalf("the reader failed: %v: %s", err, r.stderr.String())
	}
	if err := json.Unmarshal([]byte(r.stdout.String()), &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// finish waits for the end, and fails the test if the reader has found a fault, or a content that AWS has not issued.
func (r *reading) finish(t *testing.T, aws *awstest.Server) report {
	t.Helper()
	found := r.report(t)
	if len(found.Faults) > 0 || len(found.Rejected) > 0 {
		t.Errorf("faults: %v; rejected by the registry: %v", found.Faults, found.Rejected)
	}
	issued := map[string]bool{}
	for _, p := range aws.Passwords() {
		issued[fmt.Sprintf("%x", sha256.Sum256([]byte(p)))] = true
	}
	for i, p := range found.Passwords {
		if !issued[p] {
			t.Errorf("content %d of the file is not a password that AWS issued", i+1)
		}
	}
	t.Logf("%d reads as user %d, %d passwords, %d requests to the registry: no fault; shortest remaining life %v",
		found.Opens, clouddriver, len(found.Passwords), found.Requests, found.Shortest.Round(100*time.Millisecond))
	return found
}

// TestReader checks that the reader finds faults: a file that is written in place, as the previous sidecar does, and
// passwords that have expired.
func TestReader(t *testing.T) {
	t.Parallel()
	aws := startAWS(t)
	valid := aws.IssueToken("us-west-2", false)
	aws.SetTokenLifetime(-time.Second)
	expired := aws.IssueToken("us-west-2", false)
	file := writeFile(t, filepath.Join(publicDir(t), "password"), valid)
	reader := startReader(t, aws, file, 10_000, 2)
	ctx, stop := context.WithCancel(t.Context())
	written := make(chan struct{})
	go func() {
		defer close(written)
		for ctx.Err() == nil {
			writeInPlace(t, file, valid)
			writeInPlace(t, file, expired)
		}
	}()
	found := reader.report(t)
	stop()
	<-written
	for _, fault := range []string{"empty", "partial", "expired"} {
		if found.Faults[fault] == 0 {
			t.Errorf("the reader has found no %s password: %v", fault, found.Faults)
		}
	}
	if len(found.Rejected) == 0 {
		t.Error("the registry has accepted all passwords")
	}
	t.Logf("a file that is written in place: %d reads, faults %v, rejected by the registry: %v",
		found.Opens, found.Faults, found.Rejected)
}

// writeInPlace writes a password in two parts.
func writeInPlace(t *testing.T, file, password string) {
	f, err := os.Create(file)
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	for _, part := range []string{password[:1000], password[1000:]} {
		if _, err := f.WriteString(part); err != nil {
			t.Error(err)
		}
	}
}
