// Command demo demonstrates the helper on a machine that has only Go. It pushes an image to two Amazon ECR registries
// and pulls it, with a client library that runs the helper as Docker does, against a stand-in for AWS. Then it runs
// ecr-token-refresh, and uses the passwords in the file that it writes.
//
//	demo bin/docker-credential-ecr-login bin/ecr-token-refresh
package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/crane"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"ecrlogin/internal/awstest"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: demo HELPER REFRESH")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run runs the demo. All its files are in a temporary directory.
func run(helper, refresher string, out io.Writer) error {
	helper, err := filepath.Abs(helper)
	if err != nil {
		return err
	}
	refresher, err = filepath.Abs(refresher)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "ecr-login-demo")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cloud, err := awstest.Start(awstest.Options{Dir: dir})
	if err != nil {
		return fmt.Errorf("starting the stand-in for AWS: %w", err)
	}
	defer cloud.Close()
	s := &show{out: out, cloud: cloud, helper: helper, refresher: refresher, dir: dir}
	return s.run()
}

// hosts are the registries: two accounts in two regions.
var hosts = []string{
	"123456789012.dkr.ecr.us-west-2.amazonaws.com",
	"210987654321.dkr.ecr.eu-central-1.amazonaws.com",
}

// shortLifetime is the lifetime of the token that expires during the demo.
const shortLifetime = 3 * time.Second

// A show runs the steps and prints what they do.
type show struct {
	out       io.Writer
	cloud     *awstest.Server
	helper    string // path of the helper
	refresher string // path of ecr-token-refresh
	dir       string // contains all files
	steps     int
}

func (s *show) run() error {
	if err := s.configure(); err != nil {
		return err
	}
	image, err := newImage(s.helper)
	if err != nil {
		return fmt.Errorf("building the image: %w", err)
	}
	for _, host := range hosts {
		ref := host + "/hello:v1"
		if err := s.step("push "+ref, login(host), 1, func() error { return s.push(ref, image) }); err != nil {
			return err
		}
		if err := s.step("pull "+ref, "", 0, func() error { return s.pull(ref, image) }); err != nil {
			return err
		}
	}
	if err := s.expire(image); err != nil {
		return err
	}
	if err := s.refresh(); err != nil {
		return err
	}
	if err := s.refusals(); err != nil {
		return err
	}
	s.docker()
	fmt.Fprintln(s.out, "\nNo login step was needed, and no password was entered. The helper caches tokens until they expire.")
	return nil
}

// expire pulls an image before and after its token expires. It uses a new cache and shortens the lifetime only now, so
// that tokens are not renewed during the other steps.
func (s *show) expire(image v1.Image) error {
	ref := hosts[0] + "/hello:v1"
	if err := os.Setenv("AWS_ECR_CACHE_DIR", filepath.Join(s.dir, "short-lived")); err != nil {
		return err
	}
	s.cloud.SetTokenLifetime(shortLifetime)
	fmt.Fprintf(s.out, "\n   (the next steps use an empty cache, and tokens are valid for %s instead of 12 hours)\n", shortLifetime)
	if err := s.step("pull "+ref, "", 1, func() error { return s.pull(ref, image) }); err != nil {
		return err
	}
	time.Sleep(shortLifetime)
	return s.step("pull it again after the token has expired", login(hosts[0]), 1, func() error { return s.pull(ref, image) })
}

// configure sets the environment of this process, and of the clients and helpers that it runs: a home directory with
// one line of Docker configuration, an AWS identity, and the stand-in as a proxy for the real host names.
func (s *show) configure() error {
	config := fmt.Sprintf(`{"credHelpers": {%q: "ecr-login", %q: "ecr-login"}}`, hosts[0], hosts[1])
	file := filepath.Join(s.dir, ".docker", "config.json")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(file, []byte(config+"\n"), 0o600); err != nil {
		return err
	}
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			os.Unsetenv(name)
		}
	}
	for name, value := range map[string]string{
		"HOME":                      s.dir,
		"XDG_CACHE_HOME":            filepath.Join(s.dir, "cache"),
		"DOCKER_CONFIG":             filepath.Dir(file),
		"PATH":                      filepath.Dir(s.helper) + string(os.PathListSeparator) + os.Getenv("PATH"),
		"AWS_ACCESS_KEY_ID":         awstest.KeyID,
		"AWS_SECRET_ACCESS_KEY":     awstest.SecretKey,
		"AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ECR_DISABLE_CACHE":     "",
		"AWS_CA_BUNDLE":             s.cloud.CAFile,
		"HTTPS_PROXY":               s.cloud.Proxy,
		"NO_PROXY":                  "",
		"DOCKER_CLI_HINTS":          "false",
		"DOCKER_SCAN_SUGGEST":       "false",
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	fmt.Fprintf(s.out, `This program contains a stand-in for AWS and Amazon ECR. It uses no network and requires no AWS account.
The machine has AWS keys, docker-credential-ecr-login on its PATH, and this ~/.docker/config.json:

    %s
`, config)
	return nil
}

// login returns the command that logs in to host without the helper.
func login(host string) string {
	region := strings.Split(host, ".")[3]
	return fmt.Sprintf("aws ecr get-login-password --region %s | docker login --username AWS --password-stdin %s", region, host)
}

// anyCalls is for steps that may find a token in the cache.
const anyCalls = -1

// step runs one step. It prints what the step does, the login that it requires without the helper, and its run time. It
// returns an error if the step fails, or if the number of calls to AWS is wrong.
func (s *show) step(what, without string, calls int, do func() error) error {
	s.steps++
	fmt.Fprintf(s.out, "\n%d. %s\n", s.steps, what)
	if without != "" {
		fmt.Fprintf(s.out, "   without the helper, first run:  %s\n", without)
	}
	s.cloud.ResetCalls()
	began := time.Now()
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	got := s.cloud.Count(awstest.GetAuthorizationToken)
	fmt.Fprintf(s.out, "   done in %d ms; tokens requested from AWS: %d\n", time.Since(began).Milliseconds(), got)
	if calls != anyCalls && got != calls {
		return fmt.Errorf("%s: %d tokens were requested from AWS, want %d", what, got, calls)
	}
	return nil
}

// refusals shows that the registry requires a password, and the error message if AWS denies a token.
func (s *show) refusals() error {
	s.steps++
	fmt.Fprintf(s.out, "\n%d. errors without permission\n", s.steps)
	var refused *transport.Error
	_, err := crane.Pull(hosts[0]+"/hello:v1", s.proxied(), crane.WithAuth(authn.Anonymous))
	if !errors.As(err, &refused) {
		return fmt.Errorf("pulling without a password: %w, want it to be rejected", err)
	}
	fmt.Fprintf(s.out, "   without a password, the registry returns:  %d %s\n", refused.StatusCode, http.StatusText(refused.StatusCode))
	s.cloud.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Type: "AccessDeniedException", Times: 1})
	cmd := exec.Command(s.helper, "get")
	cmd.Env = append(os.Environ(), "AWS_ECR_DISABLE_CACHE=1") // the cache contains a valid token
	cmd.Stdin = strings.NewReader(hosts[0])
	line, err := cmd.Output()
	if err == nil {
		return errors.New("the helper succeeded although AWS denied it a token")
	}
	fmt.Fprintf(s.out, "   when AWS denies a token, the helper prints:  %s", line)
	return nil
}
