// Command bench measures the run time of the helper, and compares it with a Go program that echoes its input and with
// Debian's amazon-ecr-credential-helper. It also measures ecr-token-refresh. All of them use a stand-in for AWS, and
// trust the certificates of the system and of the stand-in. It prints the results next to the targets, as a Markdown
// table. A missed target is not an error, but an invalid answer of the helper is. With -crowds, it also runs the
// measurements of crowds that take minutes. With other programs as arguments, it only compares the helper with them.
//
//	bench [-crowds] bin/docker-credential-ecr-login bin/ecr-token-refresh
//	bench bin/docker-credential-ecr-login bin/ecr-token-refresh NAME=PATH...
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"ecrlogin/internal/awstest"
)

func main() {
	crowds := flag.Bool("crowds", false, "also run the measurements of crowds that take minutes")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: bench [-crowds] HELPER REFRESH [NAME=PATH...]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() < 2 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Arg(0), flag.Arg(1), flag.Args()[2:], *crowds, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(helper, refresher string, others []string, crowds bool, out io.Writer) error {
	helper, err := filepath.Abs(helper)
	if err != nil {
		return err
	}
	refresher, err = filepath.Abs(refresher)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "ecr-login-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cloud, err := awstest.Start(awstest.Options{Dir: dir})
	if err != nil {
		return err
	}
	defer cloud.Close()
	b := &bench{dir: dir, helper: helper, refresher: refresher, cloud: cloud}
	if err := b.prepare(); err != nil {
		return err
	}
	if len(others) > 0 {
		fmt.Fprintf(out, "%d CPUs, %s/%s, %s; %s; medians of %d interleaved runs\n",
			runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), b.roots, comparedRuns)
		return b.compare(out, others)
	}
	measures := []func(*table) error{
		b.hits, b.misses, b.roundTrips, b.oneHost, b.manyHosts, b.hangs, b.memory, b.size, b.refresh,
	}
	if crowds {
		measures = append(measures, b.largerHangs, b.stoppedLeader)
	}
	var t table
	for _, measure := range measures {
		if err := measure(&t); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%d CPUs, %s/%s, %s; %s; medians of %d interleaved runs\n\n",
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), b.roots, runs)
	return t.print(out, "result", "target")
}
