package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestSwarm runs services and a stack on a node of Docker Swarm. Docker's client passes the password of the helper to the manager,
// which keeps it. After it has expired, an update with --with-registry-auth replaces it.
func TestSwarm(t *testing.T) {
	aws := startAWS(t)
	startDockerd(t)
	s, ref := newSession(t, aws, docker(debianDocker), newImage(t), credHelpers), reference(t, firstHost)
	s.must(t, s.client.build, ref)
	s.must(t, s.client.push, ref)
	s.must(t, s.client.remove, ref)
	s.clearCache(t)
	s.must(t, `docker swarm init --advertise-addr 127.0.0.1 --listen-addr 127.0.0.1:2377`, ref)
	defer s.must(t, `docker swarm leave --force`, ref)

	const create = `docker service create --quiet --detach --restart-condition none --network host `
	s.must(t, create+`--name without $REF`, ref)
	s.awaitTask(t, "without", "Rejected")

	const lifetime = 10 * time.Second
	aws.SetTokenLifetime(lifetime)
	defer aws.SetTokenLifetime(12 * time.Hour)
	s.must(t, create+`--name app --with-registry-auth $REF`, ref)
	expired := time.After(lifetime)
	s.awaitTask(t, "app", "Complete")
	<-expired
	s.must(t, `docker container prune --force && docker image prune --all --force`, ref)
	s.must(t, `docker service update --quiet --detach --force app`, ref)
	s.awaitTask(t, "app", "Rejected")
	aws.SetTokenLifetime(12 * time.Hour)
	s.must(t, `docker service update --quiet --detach --with-registry-auth app`, ref)
	s.awaitTask(t, "app", "Complete")

	s.must(t, `docker container prune --force && docker image prune --all --force`, ref)
	writeFile(t, s.home+"/stack.yaml", fmt.Sprintf(stack, ref))
	s.must(t, `docker stack deploy --with-registry-auth --compose-file $HOME/stack.yaml team`, ref)
	s.awaitTask(t, "team_app", "Complete")
}

// stack is a file of Docker Compose for "docker stack deploy".
const stack = `version: "3.8"
services:
  app:
    image: %s
    networks: [host]
    deploy: {restart_policy: {condition: none}}
networks:
  host: {external: true, name: host}
`

// awaitTask polls until the last task of a service has ended in a state.
func (s *session) awaitTask(t *testing.T, service, state string) {
	t.Helper()
	list := `docker service ps --format '{{.CurrentState}}' ` + service + ` | head -1`
	deadline := time.After(time.Minute)
	poll := time.NewTicker(100 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case <-deadline:
			all := s.must(t, `docker service ps --no-trunc `+service, "")
			t.Fatalf("the task of %s did not reach the state %s:\n%s", service, state, all)
		case <-poll.C:
			if strings.HasPrefix(s.must(t, list, ""), state+" ") {
				return
			}
		}
	}
}
