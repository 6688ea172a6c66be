// Awstestd runs the stand-in for AWS as a process, for clients that are not Go tests. It prints the environment for the
// clients as shell commands, then serves until it is interrupted:
//
//	awstestd -dir aws >aws/env &
//	. aws/env
//
// If AWS_ENDPOINT_URL is unset again, clients dial the real host names of AWS via the proxy.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"ecrlogin/internal/awstest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop() // os.Exit skips deferred calls
	if err != nil {
		fmt.Fprintln(os.Stderr, "awstestd:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout io.Writer) error {
	var o awstest.Options
	var life time.Duration
	flags := flag.NewFlagSet("awstestd", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main reports errors
	flags.StringVar(&o.Dir, "dir", ".", "`directory` to write ca.pem to")
	flags.StringVar(&o.API, "api", "", "`address` of the plain HTTP APIs (default 127.0.0.1:0)")
	flags.StringVar(&o.Registry, "registry", "", "`address` of the TLS registry (default 127.0.0.1:0)")
	flags.StringVar(&o.Proxy, "proxy", "", "`address` of the CONNECT proxy (default 127.0.0.1:0)")
	flags.DurationVar(&life, "token-life", 12*time.Hour, "how long tokens are accepted")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return nil
	case err != nil:
		return err
	}
	s, err := awstest.Start(o)
	if err != nil {
		return err
	}
	defer s.Close()
	s.SetTokenLifetime(life)
	if err := printEnvironment(stdout, s); err != nil {
		return fmt.Errorf("printing the environment: %w", err)
	}
	<-ctx.Done()
	return nil
}

// printEnvironment writes one export command for each variable.
func printEnvironment(w io.Writer, s *awstest.Server) error {
	for _, v := range [][2]string{
		{"AWS_ACCESS_KEY_ID", awstest.KeyID},
		{"AWS_SECRET_ACCESS_KEY", awstest.SecretKey},
		{"AWS_ENDPOINT_URL", s.URL},
		{"AWS_EC2_METADATA_SERVICE_ENDPOINT", s.URL},
		{"AWS_CA_BUNDLE", s.CAFile},
		{"SSL_CERT_FILE", s.CAFile},
		{"HTTPS_PROXY", s.Proxy},
		{"AWSTEST_REGISTRY", s.Registry},
	} {
		if _, err := fmt.Fprintf(w, "export %s=%s\n", v[0], quote(v[1])); err != nil {
			return err
		}
	}
	return nil
}

// quote quotes v for a POSIX shell.
func quote(v string) string { return "'" + strings.ReplaceAll(v, "'", `'\''`) + "'" }
