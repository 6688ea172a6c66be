//go:build unix

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// TestSignal checks that the program ends within a second after SIGTERM while AWS or the API server does not respond. A
// program that runs until then succeeds; --once fails.
func TestSignal(t *testing.T) {
	aws := awstest.New(t)
	aws.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Hang: true})
	dir := t.TempDir()
	registry := "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	file := writeFile(t, dir, "file.yaml", fmt.Sprintf(`interval: 30m
listen: off
registries: [{registry: %s, passwordFile: %s}]
`, registry, filepath.Join(dir, "password")))
	secret := writeFile(t, dir, "secret.yaml", fmt.Sprintf(`interval: 30m
listen: off
kubernetes:
  lease: {namespace: default}
  secrets: [{name: regcred, namespaces: ["*"], registries: [%s]}]
`, registry))
	tests := []struct {
		name string
		args []string
		exit int
	}{
		{"AWS", []string{"--config", file}, 0},
		{"AWS once", []string{"--config", file, "--once"}, 1},
		{"API server", []string{"--config", secret}, 0},
		{"API server dry run", []string{"--config", secret, "--dry-run"}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			aws.ResetCalls()
			apiServer, connected := silentServer(t)
			hangs := func() bool { return aws.Count(awstest.GetAuthorizationToken) > 0 || len(connected) > 0 }
			cmd := exec.Command("ecr-token-refresh", append(tt.args, "--kubeconfig", kubeconfig(t, "http://"+apiServer))...)
			cmd.Env = append(os.Environ(), "HOME="+dir,
				"AWS_ACCESS_KEY_ID="+awstest.KeyID, "AWS_SECRET_ACCESS_KEY="+awstest.SecretKey, "AWS_CA_BUNDLE="+aws.CAFile,
				"HTTPS_PROXY="+aws.Proxy, "GORACE=atexit_sleep_ms=0")
			var output strings.Builder
			cmd.Stdout, cmd.Stderr = &output, &output
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			exited := make(chan error, 1)
			go func() { exited <- cmd.Wait() }()
			for deadline := time.Now().Add(patience); !hangs(); time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					_ = cmd.Process.Kill()
					t.Fatalf("no request was sent: %v\n%s", <-exited, output.String())
				}
			}
			began := time.Now()
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			err := <-exited
			if took := time.Since(began); took > time.Second {
				t.Errorf("the program ended after %s", took)
			}
			if got := exitCode(err); got != tt.exit {
				t.Errorf("exit code %d, want %d\n%s", got, tt.exit, output.String())
			}
		})
	}
}

// silentServer accepts connections and does not respond. The channel contains the connections.
func silentServer(t *testing.T) (address string, connected chan net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	connected = make(chan net.Conn, 1000)
	go func() {
		defer close(connected)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			connected <- conn
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		for conn := range connected {
			_ = conn.Close()
		}
	})
	return l.Addr().String(), connected
}
