// Command soak runs the programs for minutes while AWS fails and their files are deleted, and checks each password that
// they print or write. It exits with 1 if it finds a fault.
//
//	soak [-for 10m] bin/docker-credential-ecr-login bin/ecr-token-refresh
//
// Crowds of 50 processes request passwords with several identities, in the protocols of Docker and of the kubelet. A
// stand-in for AWS issues tokens that are valid for 20 seconds, fails 20 percent of the calls and never answers one
// percent. The cache directory is deleted now and then. At the same time, half as long again, ecr-token-refresh writes
// files, and Secrets in a stand-in for Kubernetes. Namespaces are created and deleted, and connections are cut.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"ecrlogin/internal/awstest"
)

func main() {
	duration := flag.Duration("for", 10*time.Minute,
		"how long passwords are requested; ecr-token-refresh runs half as long again")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: soak [-for DURATION] HELPER REFRESH")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Arg(0), flag.Arg(1), *duration, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// The conditions of a run.
const (
	perMinute = 2000             // gets per minute
	crowd     = 50               // gets that start at once
	life      = 20 * time.Second // of a token
)

// The shares of the calls to AWS that fail, by how they fail.
var failures = []awstest.Fault{
	{Chance: 0.01, Hang: true},
	{Chance: 0.04, Drop: true},
	{Chance: 0.04, Status: 500, Type: "ServerException", Message: "internal error"},
	{Chance: 0.04, Type: "ThrottlingException"},
	{Chance: 0.04, Status: 403, Type: "AccessDeniedException", Message: "denied at random"},
	{Chance: 0.02, Truncate: true},
	{Chance: 0.02, Body: "<html>maintenance</html>", ContentType: "text/html"},
}

// slowly delays another part of the calls, so that crowds wait.
var slowly = awstest.Fault{Chance: 0.3, Delay: 200 * time.Millisecond}

// A soak contains what both parts of a run share.
type soak struct {
	dir      string // for all files
	helper   string // path of a copy of the helper, so that its processes can be found
	provider string // path of a link to it, under the name that the kubelet runs
	refresh  string // path of ecr-token-refresh
	cloud    *awstest.Server
	faults   *faults
	out      io.Writer
}

func run(helper, refresh string, duration time.Duration, out io.Writer) error {
	if runtime.GOOS != "linux" {
		return errors.New("soak reads /proc, which only Linux has")
	}
	dir, err := os.MkdirTemp("", "ecr-login-soak")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cloud, err := awstest.Start(awstest.Options{Dir: dir})
	if err != nil {
		return err
	}
	defer cloud.Close()
	s := &soak{dir: dir, cloud: cloud, faults: newFaults(os.Stderr), out: out}
	if err := s.install(helper, refresh); err != nil {
		return err
	}
	s.cloud.SetTokenLifetime(life)
	s.fail()
	g, err := s.newGets(duration)
	if err != nil {
		return err
	}
	d, err := s.newDaemon(duration + duration/2)
	if err != nil {
		return err
	}
	var both sync.WaitGroup
	both.Go(g.run)
	both.Go(d.run)
	both.Wait()
	g.print(out)
	d.print(out)
	s.printCalls()
	return s.faults.err()
}

// install copies the helper.
func (s *soak) install(helper, refresh string) (err error) {
	if s.refresh, err = filepath.Abs(refresh); err != nil {
		return err
	}
	content, err := os.ReadFile(helper)
	if err != nil {
		return err
	}
	s.helper = filepath.Join(s.dir, "docker-credential-ecr-login")
	if err := os.WriteFile(s.helper, content, 0o700); err != nil {
		return err
	}
	s.provider = filepath.Join(s.dir, "ecr-credential-provider")
	return os.Symlink(s.helper, s.provider)
}

// fail injects the failures. A fault applies only to calls that earlier ones leave, so that its chance is relative to
// those.
func (s *soak) fail() {
	left := 1.0
	for _, f := range failures {
		share := f.Chance
		f.Chance /= left
		left -= share
		s.cloud.Inject(f)
	}
	s.cloud.Inject(slowly)
}

func (s *soak) printCalls() {
	affected := s.cloud.Affected()
	calls, hung := len(s.cloud.Calls()), affected[0]
	failed := 0
	for _, n := range affected[1 : len(affected)-1] {
		failed += n
	}
	fmt.Fprintf(s.out, "AWS: %d calls, %d failed (%.1f %%), %d never answered (%.1f %%)\n",
		calls, failed, percent(failed, calls), hung, percent(hung, calls))
}

func percent(part, all int) float64 { return 100 * float64(part) / float64(max(all, 1)) }
