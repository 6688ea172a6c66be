package main

import (
	"bytes"
	"os/exec"
	"strings"
	"time"
)

// An outcome is what a process printed, and when.
type outcome struct {
	out, errOut string
	printed     time.Time // of the first output; zero if there is none
	took        time.Duration
	err         error
}

// A stamped is a buffer that knows the time of the first output.
type stamped struct {
	text  bytes.Buffer
	first time.Time
}

func (b *stamped) Write(p []byte) (int, error) {
	if b.first.IsZero() {
		b.first = time.Now()
	}
	return b.text.Write(p)
}

// execute runs a process until it ends.
func execute(path string, args, env []string, stdin string) outcome {
	cmd := exec.Command(path, args...)
	var out, errOut stamped
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, strings.NewReader(stdin), &out, &errOut
	began := time.Now()
	err := cmd.Run()
	return outcome{out.text.String(), errOut.text.String(), out.first, time.Since(began), err}
}
