package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// runs is the number of runs of each program for a median.
const runs = 300

// A program is a command line and a check of its answer.
type program struct {
	path  string
	args  []string
	env   []string
	stdin string
	check func(answer string) error

	// constant returns the part of an answer that is the same in all answers from the cache; nil means the whole
	// answer.
	constant func(answer string) string

	// mayFail repeats failed runs. About one percent of the runs of Debian's helper fail, when AWS responds before
	// the SDK has noticed the end of its request.
	mayFail bool
	failed  int

	ignoreStderr bool // an answer may have output on stderr
}

// get returns the program that asks helper for the password of host.
func get(helper, host string, env []string) *program {
	return &program{
		path: helper, args: []string{"get"}, env: env, stdin: host,
		check: func(answer string) error { return checkToken(answer, host) },
	}
}

// run runs the program and checks its answer.
func (p *program) run() (answer string, took time.Duration, err error) {
	cmd := exec.Command(p.path, p.args...)
	cmd.Stdin = strings.NewReader(p.stdin)
	cmd.Env = p.env
	var out bytes.Buffer
	cmd.Stdout = &out
	if !p.ignoreStderr {
		cmd.Stderr = &out // a correct answer has no output on stderr
	}
	began := time.Now()
	err = cmd.Run()
	took = time.Since(began)
	answer = out.String()
	if err == nil {
		err = p.check(answer)
	}
	if err != nil {
		return "", 0, fmt.Errorf("%s %s: %w\n%s", p.path, strings.Join(p.args, " "), err, answer)
	}
	return answer, took, nil
}

// warm runs the program once, to fill its cache. From then on every answer must be equal to the first one: a program
// that calls AWS again would get another token.
func (p *program) warm() error {
	constant := p.constant
	if constant == nil {
		constant = func(answer string) string { return answer }
	}
	answer, _, err := p.run()
	p.check = func(again string) error { return checkSame(constant(again), constant(answer)) }
	return err
}

// measure runs the program and returns its run time. It repeats failed runs if mayFail is set.
func (p *program) measure() (time.Duration, error) {
	for {
		_, took, err := p.run()
		if _, exited := errors.AsType[*exec.ExitError](err); !exited || !p.mayFail || p.failed == runs {
			return took, err
		}
		p.failed++
	}
}

// medians runs the programs n times in turns, in random order, so that other load affects all of them, and returns the
// median time of each.
func medians(n int, programs ...*program) ([]time.Duration, error) {
	took := make([][]time.Duration, len(programs))
	for range n {
		for _, i := range rand.Perm(len(programs)) {
			t, err := programs[i].measure()
			if err != nil {
				return nil, err
			}
			took[i] = append(took[i], t)
		}
	}
	m := make([]time.Duration, len(programs))
	for i := range took {
		m[i] = median(took[i])
	}
	return m, nil
}

func median[T int64 | time.Duration](values []T) T {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}

func checkSame(answer, want string) error {
	if answer != want {
		return errors.New("unexpected answer")
	}
	return nil
}

// checkToken checks that answer is an answer to a get for host, with a password of a plausible length for Amazon ECR.
func checkToken(answer, host string) error {
	var a struct{ ServerURL, Username, Secret string }
	if err := json.Unmarshal([]byte(answer), &a); err != nil {
		return err
	}
	if a.ServerURL != host || a.Username != "AWS" || !plausible(a.Secret) {
		return errors.New("invalid answer")
	}
	return nil
}

// checkKubelet checks that answer is a response to the kubelet, with a password for host.
func checkKubelet(answer string) error {
	var a struct {
		Kind string
		Auth map[string]struct{ Username, Password string }
	}
	if err := json.Unmarshal([]byte(answer), &a); err != nil {
		return err
	}
	auth := a.Auth[host]
	if a.Kind != "CredentialProviderResponse" || auth.Username != "AWS" || !plausible(auth.Password) {
		return errors.New("invalid response")
	}
	return nil
}

// checkNone checks that a program has printed nothing.
func checkNone(answer string) error { return checkSame(answer, "") }

// plausible reports whether a password has a length that is plausible for Amazon ECR.
func plausible(password string) bool { return len(password) >= 1000 && len(password) <= 4000 }
