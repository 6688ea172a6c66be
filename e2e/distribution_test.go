package e2e

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDistribution pulls via the registry of the Distribution project as a pull-through cache, whose proxy.exec is the
// helper. With a lifetime, it requests another password after the first one has expired. Without one, it does not.
func TestDistribution(t *testing.T) {
	const tokenLifetime = 4 * time.Second
	aws := startAWS(t)
	img := newImage(t)
	refs := publish(t, aws, 4)
	first, second := refs[0], refs[3] // of the first registry
	s := newSession(t, aws, crane(t), img, credHelpers).with("SSL_CERT_FILE=" + aws.CAFile)
	aws.SetTokenLifetime(tokenLifetime)
	renewing := startDistribution(t, s, "127.0.0.1:5002", "    lifetime: 1s\n")
	keeping := startDistribution(t, s, "127.0.0.1:5003", "")
	const pull = `crane pull $REF pulled.tar`
	s.must(t, pull, strings.Replace(first, firstHost, renewing, 1))
	s.must(t, pull, strings.Replace(first, firstHost, keeping, 1))
	<-time.After(tokenLifetime) // the passwords were issued before
	s.must(t, pull, strings.Replace(second, firstHost, renewing, 1))
	if output, err := s.sh(t, pull, strings.Replace(second, firstHost, keeping, 1)); err == nil {
		t.Errorf("without lifetime, the pull succeeded after the password has expired, which docs/clients.md rules out:\n%s", output)
	}
}

// startDistribution starts the registry, waits until it accepts connections, and returns its address. It stops the
// registry at the end of the test.
func startDistribution(t *testing.T, s *session, address, lifetime string) string {
	t.Helper()
	config := filepath.Join(s.home, address, "config.yml")
	writeFile(t, config, fmt.Sprintf(`version: 0.1
storage:
  inmemory: {}
http:
  addr: %s
proxy:
  remoteurl: https://%s
  exec:
    command: docker-credential-ecr-login
%s`, address, firstHost, lifetime))
	var log strings.Builder
	cmd := exec.CommandContext(t.Context(), lookPath(t, "registry"), "serve", config)
	cmd.Env = append(s.env, "OTEL_TRACES_EXPORTER=none")
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // always an error, because it is killed
		close(ended)
	}()
	t.Cleanup(func() {
		<-ended
		if t.Failed() {
			t.Logf("log of the registry at %s:\n%s", address, log.String())
		}
	})
	deadline := time.After(time.Minute)
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case <-ended:
			t.Fatalf("the registry exited:\n%s", log.String())
		case <-deadline:
			t.Fatalf("the registry at %s does not respond", address)
		case <-poll.C:
			if conn, err := net.Dial("tcp", address); err == nil {
				conn.Close()
				return address
			}
		}
	}
}
