package refresh

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// requested waits until AWS has received a number of token requests.
func requested(t *testing.T, d *daemon, aws *awstest.Server, want int) {
	t.Helper()
	d.until(t, func() string {
		if n := aws.Count(awstest.GetAuthorizationToken); n < want {
			return fmt.Sprintf("AWS received %d token requests, want %d", n, want)
		}
		return ""
	})
}

// TestStop sends SIGTERM in different states of the daemon, which then ends within a second.
func TestStop(t *testing.T) {
	hang := awstest.Fault{Op: awstest.GetAuthorizationToken, Hang: true}
	for _, tt := range []struct {
		name string
		args []string
		exit int
		// reach injects faults before the daemon is started, and returns a function that waits for the state.
		reach func(t *testing.T, aws *awstest.Server, file string) (wait func(*daemon))
	}{
		{name: "idle", reach: func(t *testing.T, _ *awstest.Server, _ string) func(*daemon) {
			return func(d *daemon) { d.await(t, "/readyz", 200) }
		}},
		{name: "first token hangs", reach: func(t *testing.T, aws *awstest.Server, _ string) func(*daemon) {
			aws.Inject(hang)
			return func(d *daemon) { requested(t, d, aws, 1) }
		}},
		{name: "rotation hangs", reach: func(t *testing.T, aws *awstest.Server, _ string) func(*daemon) {
			aws.SetTokenLifetime(tokenLife)
			return func(d *daemon) {
				d.await(t, "/readyz", 200)
				aws.Inject(hang)
				requested(t, d, aws, 2)
			}
		}},
		{name: "retries", reach: func(t *testing.T, aws *awstest.Server, _ string) func(*daemon) {
			deny(aws)
			return func(d *daemon) { requested(t, d, aws, 2) }
		}},
		{name: "once hangs", args: []string{"--once"}, exit: 1,
			reach: func(t *testing.T, aws *awstest.Server, _ string) func(*daemon) {
				aws.Inject(hang)
				return func(d *daemon) { requested(t, d, aws, 1) }
			}},
		{name: "page not read", reach: func(t *testing.T, _ *awstest.Server, _ string) func(*daemon) {
			return func(d *daemon) {
				d.await(t, "/readyz", 200)
				conn, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { conn.Close() })
				if _, err := io.WriteString(conn, "GET /status HTTP/1.1\r\n"); err != nil { // an incomplete request
					t.Fatal(err)
				}
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			aws := startAWS(t)
			_, file, config := oneFile(t)
			wait := tt.reach(t, aws, file)
			d := start(t, aws, config, keys(), tt.args...)
			wait(d)
			took := d.stop(t)
			d.mustExit(t, tt.exit)
			t.Logf("%s: ended %v after SIGTERM, limit %v", tt.name, took.Round(time.Millisecond), stopLimit)
			if found := temporary(t, file); len(found) > 0 {
				t.Errorf("temporary files: %q", found)
			}
		})
	}
}

// TestStopProcess stops the daemon while it runs a program of the user for the AWS identity, which ends as well.
func TestStopProcess(t *testing.T) {
	t.Parallel()
	aws := startAWS(t)
	dir, _, config := oneFile(t)
	pidFile := filepath.Join(dir, "pid")
	script := writeFile(t, filepath.Join(dir, "identity.sh"),
		"#!/bin/sh\necho $$ >"+pidFile+".new\nmv "+pidFile+".new "+pidFile+"\nexec sleep 300\n")
	if err := os.Chmod(script, 0o755); err != nil {
		t.Fatal(err)
	}
	awsConfig := writeFile(t, filepath.Join(dir, "aws"), "[default]\ncredential_process = "+script+"\n")
	d := start(t, aws, config, []string{"AWS_CONFIG_FILE=" + awsConfig})
	d.until(t, func() string {
		if _, err := os.Stat(pidFile); err != nil {
			return err.Error()
		}
		return ""
	})
	took := d.stop(t)
	d.mustExit(t, 0)
	t.Logf("ended %v after SIGTERM, limit %v", took.Round(time.Millisecond), stopLimit)
	process := filepath.Join("/proc", strings.TrimSpace(readFile(t, pidFile)))
	for deadline := time.Now().Add(stopLimit); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(process); os.IsNotExist(err) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the program of the user still runs")
		}
	}
}

// TestStopAtStart sends SIGTERM at different times after the start. Before the daemon handles the signal, the signal
// itself ends it.
func TestStopAtStart(t *testing.T) {
	t.Parallel()
	aws := startAWS(t)
	_, file, config := oneFile(t)
	var took []time.Duration
	for delay := time.Duration(0); delay < 150*time.Millisecond; delay += 5 * time.Millisecond {
		d := start(t, aws, config, keys())
		time.Sleep(delay)
		took = append(took, d.stop(t))
		status := d.cmd.ProcessState.Sys().(syscall.WaitStatus)
		if !status.Exited() && status.Signal() != syscall.SIGTERM || status.Exited() && status.ExitStatus() != 0 {
			t.Errorf("%v after the start: %v", delay, d.cmd.ProcessState)
		}
	}
	if content, err := os.ReadFile(file); err == nil && !slices.Contains(aws.Passwords(), string(content)) {
		t.Error("the password file contains no password that AWS issued")
	}
	t.Logf("%d starts: ended at most %v after SIGTERM, limit %v",
		len(took), slices.Max(took).Round(time.Millisecond), stopLimit)
}
