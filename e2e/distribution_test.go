package e2e

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDistribution pulls via the registry of the Distribution project as a pull-through cache, whose proxy.exec is the
// helper. With a lifetime, it requests another password after the first one has expired. Without one, it does not.
func TestDistribution(t *testing.T) {
	const tokenLifetime = 8 * time.Second
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

// startDistribution starts the registry and returns its address.
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
	responds := func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	}
	startDaemon(t, append(s.env, "OTEL_TRACES_EXPORTER=none"), responds, "registry", "serve", config)
	return address
}
