package kubernetes

import (
	"os/exec"
	"testing"
	"time"
)

// A process is a process of the cluster. It runs until it is stopped.
type process struct {
	cmd   *exec.Cmd
	log   *transcript
	ended chan struct{}
}

// start starts a program with only the variables env, as a service manager does, and writes its output to log. The
// caller must stop it.
func start(t *testing.T, log *transcript, env []string, program string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(program, args...), log: log, ended: make(chan struct{})}
	p.cmd.Env = append([]string{}, env...) // nil means the environment of this process
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.WaitDelay = time.Second // if its children hold the pipes open
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", program, err)
	}
	go func() {
		_ = p.cmd.Wait() // always an error, because it is killed
		close(p.ended)
	}()
	return p
}

// stop kills the process, unless it has ended.
func (p *process) stop() {
	_ = p.cmd.Process.Kill() // fails if it has ended
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
			t.Fatalf("%s exited:\n%s", p.cmd.Path, p.log.tail(40))
		case <-deadline:
			t.Fatalf("%s does not respond: %v\n%s", p.cmd.Path, err, p.log.tail(40))
		case <-poll.C:
		}
	}
}
