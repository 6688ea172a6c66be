// Demo shows the helper's main job on a machine that has nothing but Go: it pushes and pulls an image of two Amazon ECR
// registries with a real client library, which runs the helper as Docker does, against a stand-in for AWS.
//
//	demo bin/docker-credential-ecr-login
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

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"ecrlogin/internal/awstest"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: demo PATH-OF-THE-HELPER")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run does everything in a temporary folder, and nothing outside it.
func run(helper string, out io.Writer) error {
	helper, err := filepath.Abs(helper)
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
	s := &show{out: out, cloud: cloud, helper: helper, dir: dir}
	return s.run()
}

// The registries of the show: two accounts in two regions.
var hosts = []string{
	"123456789012.dkr.ecr.us-west-2.amazonaws.com",
	"210987654321.dkr.ecr.eu-central-1.amazonaws.com",
}

// tokenLife is short, so that the show has an end.
const tokenLife = 3 * time.Second

// A show runs the steps and says what it does.
type show struct {
	out    io.Writer
	cloud  *awstest.Server
	helper string // path of the helper
	dir    string // all files of the show
	steps  int
}

func (s *show) run() error {
	if err := s.configure(); err != nil {
		return err
	}
	image, err := newImage(s.helper)
	if err != nil {
		return fmt.Errorf("building the image: %w", err)
	}
	s.cloud.SetTokenLife(tokenLife)
	for _, host := range hosts {
		ref := host + "/hello:v1"
		if err := s.step("push "+ref, login(host), func() error { return s.push(ref, image) }); err != nil {
			return err
		}
		if err := s.step("pull "+ref, "", func() error { return s.pull(ref, image) }); err != nil {
			return err
		}
	}
	fmt.Fprintf(s.out, "\n   (the passwords of this stand-in live %s instead of 12 hours)\n", tokenLife)
	time.Sleep(tokenLife)
	if err := s.step("pull again, when every password so far has expired", login(hosts[0]), func() error {
		return s.pull(hosts[0]+"/hello:v1", image)
	}); err != nil {
		return err
	}
	if err := s.refusals(); err != nil {
		return err
	}
	s.docker()
	fmt.Fprintln(s.out, "\nNobody typed, stored or saw a password.")
	return nil
}

// configure gives the process, and so the clients and helpers it runs, a home folder with one line of Docker
// configuration, an AWS identity, and a way to the stand-in by the real host names.
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
	fmt.Fprintf(s.out, "A machine with an AWS identity, docker-credential-ecr-login on its PATH, and in ~/.docker/config.json\n\n    %s\n", config)
	return nil
}

func login(host string) string {
	region := strings.Split(host, ".")[3]
	return fmt.Sprintf("aws ecr get-login-password --region %s | docker login --username AWS --password-stdin %s", region, host)
}

// step runs one step and prints what it was, what it would have taken without the helper, and how long it took.
func (s *show) step(what, without string, do func() error) error {
	s.steps++
	fmt.Fprintf(s.out, "\n%d. %s\n", s.steps, what)
	if without != "" {
		fmt.Fprintf(s.out, "   without the helper, first:  %s\n", without)
	}
	s.cloud.ResetCalls()
	began := time.Now()
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	fmt.Fprintf(s.out, "   done in %d ms; requests for a password to AWS: %d\n", time.Since(began).Milliseconds(), s.cloud.Count(awstest.GetAuthorizationToken))
	return nil
}

// refusals shows that the registry does ask for a password, and what a user sees when AWS denies one.
func (s *show) refusals() error {
	s.steps++
	fmt.Fprintf(s.out, "\n%d. what is refused\n", s.steps)
	var refused *transport.Error
	if err := s.pullAnonymously(hosts[0] + "/hello:v1"); !errors.As(err, &refused) {
		return fmt.Errorf("pulling without a password: %w, want a refusal", err)
	}
	fmt.Fprintf(s.out, "   without any password the registry says: %d %s\n", refused.StatusCode, http.StatusText(refused.StatusCode))
	s.cloud.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Type: "AccessDeniedException", Times: 1})
	cmd := exec.Command(s.helper, "get")
	cmd.Env = append(os.Environ(), "AWS_ECR_DISABLE_CACHE=1") // it has a password that is still good
	cmd.Stdin = strings.NewReader(hosts[0])
	line, err := cmd.Output()
	if err == nil {
		return errors.New("the helper succeeded although AWS denied it a token")
	}
	fmt.Fprintf(s.out, "   when AWS denies one, the helper says:   %s", line)
	return nil
}
