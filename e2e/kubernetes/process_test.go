package kubernetes

import (
	"os/exec"
	"testing"
	"time"
)

// A process is one of the cluster's that runs until it is stopped.
type process struct {
	cmd   *exec.Cmd
	log   *transcript
	ended chan struct{}
}

// start starts a program with nothing in its environment but env, as a service manager does. What it says goes to log. The
// caller must stop it.
func start(t *testing.T, log *transcript, env []string, program string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(program, args...), log: log, ended: make(chan struct{})}
	p.cmd.Env = append([]string{}, env...) // nil would be all of this process's
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.WaitDelay = time.Second // for what its children hold open
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", program, err)
	}
	go func() {
		_ = p.cmd.Wait() // always an error: it is killed
		close(p.ended)
	}()
	return p
}

// stop kills the process, and does nothing if that was done before.
func (p *process) stop() {
	_ = p.cmd.Process.Kill() // an error means that it has ended
	<-p.ended
}

// awaitAnswer polls until ready returns nil.
func (p *process) awaitAnswer(t *testing.T, ready func() error) {
	t.Helper()
	deadline := time.After(time.Minute)
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		err := ready()
		if err == nil {
			return
		}
		select {
		case <-p.ended:
			t.Fatalf("%s ended:\n%s", p.cmd.Path, p.log.tail(40))
		case <-deadline:
			t.Fatalf("%s does not answer: %v\n%s", p.cmd.Path, err, p.log.tail(40))
		case <-poll.C:
		}
	}
}
