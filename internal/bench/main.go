// Bench measures the helper from spawn to exit, as a multiple of a Go program that echoes its input, measured in the
// same run and in turns with it. It prints a table in Markdown and judges no figure.
//
//	bench bin/docker-credential-ecr-login
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"ecrlogin/internal/awstest"
)

const (
	runs = 200
	host = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: bench PATH-OF-THE-HELPER")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// A subject is one thing that is measured.
type subject struct {
	what  string
	path  string
	args  []string
	stdin string
	env   []string
	exit  int // wanted

	took []time.Duration
}

func run(helper string, out io.Writer) error {
	dir, err := os.MkdirTemp("", "ecr-login-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	echo := filepath.Join(dir, "echo")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", echo, "ecrlogin/internal/bench/echo")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the floor: %w\n%s", err, text)
	}
	cloud, err := awstest.Start(awstest.Options{Dir: dir})
	if err != nil {
		return err
	}
	defer cloud.Close()
	env := []string{"HOME=" + dir, "AWS_ACCESS_KEY_ID=" + awstest.KeyID, "AWS_SECRET_ACCESS_KEY=" + awstest.SecretKey,
		"AWS_ENDPOINT_URL=" + cloud.URL, "AWS_EC2_METADATA_DISABLED=true"}
	noIdentity := []string{"HOME=" + dir, "AWS_EC2_METADATA_DISABLED=true"}
	subjects := []*subject{
		{what: "echo, the floor", path: echo, stdin: host},
		{what: "get, another host", path: helper, args: []string{"get"}, stdin: "index.docker.io", env: env, exit: 1},
		{what: "list", path: helper, args: []string{"list"}, env: env},
		{what: "get, no identity", path: helper, args: []string{"get"}, stdin: host, env: noIdentity, exit: 1},
		{what: "get, one call to a stand-in without latency", path: helper, args: []string{"get"}, stdin: host, env: env},
	}
	for range runs {
		for _, s := range subjects { // in turns, so that a busy moment is everybody's
			if err := s.run(); err != nil {
				return err
			}
		}
	}
	return print(out, helper, subjects)
}

func (s *subject) run() error {
	cmd := exec.Command(s.path, s.args...)
	cmd.Stdin = strings.NewReader(s.stdin)
	cmd.Env = s.env
	began := time.Now()
	err := cmd.Run()
	s.took = append(s.took, time.Since(began))
	if exit := cmd.ProcessState.ExitCode(); exit != s.exit {
		return fmt.Errorf("%s: exit code %d, want %d (%v)", s.what, exit, s.exit, err)
	}
	return nil
}

func print(out io.Writer, helper string, subjects []*subject) error {
	info, err := os.Stat(helper)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "medians of %d runs in turns, %d CPUs, %s/%s; the binary has %.1f MiB\n\n", runs, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, float64(info.Size())/(1<<20))
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| what\t| ms\t| of the floor\t|")
	fmt.Fprintln(w, "| ---\t| ---\t| ---\t|")
	floor := median(subjects[0].took)
	for _, s := range subjects {
		m := median(s.took)
		fmt.Fprintf(w, "| %s\t| %.2f\t| %.2f\t|\n", s.what, float64(m.Microseconds())/1000, float64(m)/float64(floor))
	}
	return w.Flush()
}

func median(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[len(d)/2]
}
