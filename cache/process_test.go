package cache_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A process is a process of docker-credential-ecr-login.
type process struct {
	t              *testing.T
	host           string
	cmd            *exec.Cmd
	began          time.Time
	stdout, stderr bytes.Buffer
}

// start starts the helper with an action, its input, and optional arguments.
func (m *machine) start(action, host string, args ...string) *process {
	m.t.Helper()
	p := &process{t: m.t, host: host, cmd: exec.CommandContext(m.t.Context(), helper, append([]string{action}, args...)...), began: time.Now()}
	// With GORACE, the race detector does not wait a second at the end.
	p.cmd.Env = []string{"GOCOVERDIR=" + coverage, "GORACE=atexit_sleep_ms=0"}
	for name, value := range m.env {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	p.cmd.Dir = m.home
	m.asUser(p.cmd)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = strings.NewReader(host), &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	return p
}

// A run is the result of a process.
type run struct {
	t              *testing.T
	host           string
	exit           int // -1 if it was killed
	stdout, stderr string
	took           time.Duration
}

func (p *process) wait() run {
	_ = p.cmd.Wait() // the exit code is checked instead
	return run{p.t, p.host, p.cmd.ProcessState.ExitCode(), p.stdout.String(), p.stderr.String(), time.Since(p.began)}
}

// kill kills the process.
func (p *process) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	p.wait()
}

func (m *machine) run(action, host string, args ...string) run {
	m.t.Helper()
	return m.start(action, host, args...).wait()
}

func (m *machine) get(host string) run {
	m.t.Helper()
	return m.run("get", host)
}

// password returns the password of a get, which must succeed without output on stderr.
func (m *machine) password(host string) string {
	m.t.Helper()
	return m.get(host).quiet().password()
}

// starts starts a get for each host.
func (m *machine) starts(hosts ...string) (processes []*process) {
	m.t.Helper()
	for _, host := range hosts {
		processes = append(processes, m.start("get", host))
	}
	return processes
}

// together runs a get for each host, all at the same time.
func (m *machine) together(hosts ...string) (runs []run) {
	m.t.Helper()
	for _, p := range m.starts(hosts...) {
		runs = append(runs, p.wait())
	}
	return runs
}

// password returns the password of a run that must have succeeded.
func (r run) password() string {
	r.t.Helper()
	var answer struct{ ServerURL, Username, Secret string }
	err := json.Unmarshal([]byte(r.stdout), &answer)
	if r.exit != 0 || err != nil || answer.ServerURL != r.host || answer.Username != "AWS" || len(answer.Secret) < 1000 {
		r.t.Errorf("get: exit code %d, %d characters on stdout (%v), stderr %q", r.exit, len(r.stdout), err, r.stderr)
	}
	return answer.Secret
}

// quiet fails the test if stderr is not empty.
func (r run) quiet() run {
	r.t.Helper()
	if r.stderr != "" {
		r.t.Errorf("stderr %q, want none", r.stderr)
	}
	return r
}

// said fails the test unless stderr is one line that contains text.
func (r run) said(text string) run {
	r.t.Helper()
	if strings.Count(r.stderr, "\n") != 1 || !strings.HasSuffix(r.stderr, "\n") || !strings.Contains(r.stderr, text) {
		r.t.Errorf("stderr %q, want one line with %q", r.stderr, text)
	}
	return r
}

// failed returns the line that a failed run printed on both streams. It fails the test if there is no such line.
func (r run) failed() string {
	r.t.Helper()
	line := strings.TrimSuffix(r.stdout, "\n")
	if r.exit != 1 || r.stderr != r.stdout || !strings.HasPrefix(line, r.host+": ") || strings.Contains(line, "\n") {
		r.t.Errorf("exit code %d, stdout %.80q and stderr %q, want 1 and the same line on both", r.exit, r.stdout, r.stderr)
	}
	return line
}
