// Bench measures the helper from spawn to exit, against a Go program that echoes its input and against the helper that
// Debian packages, with a stand-in for AWS. It prints a table in Markdown and judges no figure; but an answer that is not
// right is an error, since its time would mean nothing.
//
//	bench bin/docker-credential-ecr-login
package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
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

func run(helper string, out io.Writer) error {
	b, err := setUp(helper)
	if err != nil {
		return err
	}
	defer b.close()
	var t table
	for _, measure := range []func(*table) error{b.hits, b.misses, b.oneHost, b.manyHosts, b.memory, b.size} {
		if err := measure(&t); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%d CPUs, %s/%s, %s; medians of %d runs in turns\n\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), runs)
	return t.print(out)
}
