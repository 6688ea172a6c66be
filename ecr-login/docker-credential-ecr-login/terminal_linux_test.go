package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
	"ecrlogin/internal/ptytest"
)

// TestTypingTakesTime checks that the deadline starts after the input at a terminal is complete.
func TestTypingTakesTime(t *testing.T) {
	const timeout = 5 * time.Second
	cloud := awstest.New(t)
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	screen, tty := ptytest.Open(t)
	cmd := exec.CommandContext(t.Context(), own)
	cmd.Args = []string{"docker-credential-ecr-login", "get"}
	cmd.Env = []string{"HOME=" + t.TempDir(), "HTTPS_PROXY=" + cloud.Proxy, "AWS_CA_BUNDLE=" + cloud.CAFile, "GORACE=atexit_sleep_ms=0",
		"AWS_ACCESS_KEY_ID=" + awstest.KeyID, "AWS_SECRET_ACCESS_KEY=" + awstest.SecretKey, "ECR_LOGIN_TIMEOUT=" + timeout.String()}
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, &out, tty
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ptytest.WaitFor(t, screen, "type it, then press Enter and Ctrl-D", time.Minute)
	time.Sleep(time.Until(began.Add(timeout + 100*time.Millisecond))) // the time that the user takes to type
	if _, err := screen.WriteString("123456789012.dkr.ecr.us-west-2.amazonaws.com\n\x04"); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(out.String(), `"Username":"AWS"`) {
		t.Errorf("%v, stdout %q", err, out.String())
	}
}
