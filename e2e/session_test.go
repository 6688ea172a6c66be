package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// A setting is a way to tell a client about the helper.
type setting string

const (
	credHelpers    setting = "credHelpers"     // Docker's file, host by host
	credsStore     setting = "credsStore"      // Docker's file, for every host
	registriesConf setting = "registries.conf" // for every host; the files of Podman and its kin know no credsStore
	authJSON       setting = "auth.json"       // Podman's own file, host by host
)

// A session is a user with a home of their own, AWS keys in the environment and
// the helper configured, who runs one client.
type session struct {
	client client
	home   string
	run    string // XDG_RUNTIME_DIR
	env    []string
	input  string // what its commands read
}

// newSession makes a session. The helper reaches AWS by its real host names through a
// proxy; registries are reached directly.
func newSession(t *testing.T, aws *awstest.Server, c client, img image, how setting) *session {
	t.Helper()
	home, run := t.TempDir(), runtimeDir(t)
	s := &session{client: c, home: home, run: run}
	s.env = []string{
		"PATH=" + filepath.Join(home, "bin") + ":" + os.Getenv("PATH"),
		"HOME=" + home,
		"TMPDIR=" + os.TempDir(),
		"XDG_RUNTIME_DIR=" + run,
		"CONTAINERS_CONF=" + filepath.Join(home, "containers.conf"),
		"CONTAINERS_STORAGE_CONF=" + filepath.Join(home, "storage.conf"),
		"CONTEXT=" + img.context,
		"LAYOUT=" + img.layout,
		"AWS_ACCESS_KEY_ID=" + awstest.KeyID,
		"AWS_SECRET_ACCESS_KEY=" + awstest.SecretKey,
		"AWS_CA_BUNDLE=" + aws.CAFile,
		"HTTPS_PROXY=" + aws.Proxy,
		"NO_PROXY=" + strings.Join(append(hosts(), "localhost", "127.0.0.1"), ","),
	}
	if c.authority != "" {
		s.env = append(s.env, c.authority+"="+aws.CAFile)
	}
	if err := os.Mkdir(filepath.Join(home, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(c.program, filepath.Join(home, "bin", filepath.Base(c.program))); err != nil {
		t.Fatal(err)
	}
	s.configure(t, how)
	s.configureContainers(t, how)
	return s
}

// configure writes Docker's configuration, which all clients read, or Podman's.
func (s *session) configure(t *testing.T, how setting) {
	t.Helper()
	byHost := fmt.Sprintf(`{"credHelpers": {%q: "ecr-login", %q: "ecr-login"}}`, firstHost, secondHost)
	switch how {
	case credHelpers:
		writeFile(t, s.dockerConfig(), byHost)
	case credsStore:
		writeFile(t, s.dockerConfig(), `{"credsStore": "ecr-login"}`)
	case authJSON:
		writeFile(t, s.authJSON(), byHost)
	case registriesConf: // configureContainers writes it
	}
}

func (s *session) dockerConfig() string { return filepath.Join(s.home, ".docker/config.json") }

// configureHelper writes the helper's own configuration.
func (s *session) configureHelper(t *testing.T, content string) {
	t.Helper()
	writeFile(t, filepath.Join(s.home, ".config/ecr-login/config.yaml"), content)
}

func (s *session) authJSON() string { return filepath.Join(s.run, "containers/auth.json") }

// configureContainers writes what Podman, Buildah and Skopeo read besides.
func (s *session) configureContainers(t *testing.T, how setting) {
	t.Helper()
	helpers := `"containers-auth.json"` // the files
	if how == registriesConf {
		helpers = `"ecr-login", ` + helpers
	}
	writeFile(t, filepath.Join(s.home, ".config/containers/registries.conf"), fmt.Sprintf(`
credential-helpers = [%s]
[[registry]]
location = %q
insecure = true
[[registry]]
location = %q
insecure = true
`, helpers, plainRegistry, privateRegistry))
	writeFile(t, filepath.Join(s.home, ".config/containers/policy.json"),
		`{"default": [{"type": "insecureAcceptAnything"}]}`)
	writeFile(t, filepath.Join(s.home, "containers.conf"), fmt.Sprintf(`
[containers]
cgroups = "disabled"
netns = "none"
[engine]
runtime = "crun"
cgroup_manager = "cgroupfs"
events_logger = "none"
tmp_dir = "%s/libpod"
`, s.run))
	// Plain copies, so that no mount stands in the way of removing the home.
	writeFile(t, filepath.Join(s.home, "storage.conf"), fmt.Sprintf(`
[storage]
driver = "vfs"
graphroot = "%s/storage"
runroot = "%s/storage"
`, s.home, s.run))
}

// with returns the same user with more in the environment.
func (s *session) with(env ...string) *session {
	changed := *s
	changed.env = slices.Concat(s.env, env)
	return &changed
}

// anonymous returns the same user without an AWS identity.
func (s *session) anonymous() *session {
	changed := s.with("AWS_EC2_METADATA_DISABLED=true")
	changed.env = slices.DeleteFunc(changed.env, func(v string) bool {
		return strings.HasPrefix(v, "AWS_ACCESS_KEY_ID=") || strings.HasPrefix(v, "AWS_SECRET_ACCESS_KEY=")
	})
	return changed
}

// typing returns the same user whose commands read a text.
func (s *session) typing(input string) *session {
	changed := *s
	changed.input = input
	return &changed
}

// forget drops what the helper keeps.
func (s *session) forget(t *testing.T) {
	t.Helper()
	s.must(t, "docker-credential-ecr-login cache clear --all", "")
}

// helper runs an action of the helper and returns what it prints.
func (s *session) helper(t *testing.T, action, input string) string {
	t.Helper()
	return s.typing(input).must(t, "docker-credential-ecr-login "+action, "")
}

// sh runs a command of the client for an image and returns all that the user sees.
func (s *session) sh(t *testing.T, script, ref string) (output string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-euc", script)
	cmd.Dir = s.home
	host, _, _ := strings.Cut(ref, "/")
	cmd.Env = append(s.env, "REF="+ref, "HOST="+host)
	cmd.Stdin = strings.NewReader(s.input)
	cmd.WaitDelay = 5 * time.Second // for a pipe that a grandchild holds
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// must is sh for a command that has to succeed; it does nothing for no command.
func (s *session) must(t *testing.T, script, ref string) (output string) {
	t.Helper()
	if script == "" {
		return ""
	}
	output, err := s.sh(t, script, ref)
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, output)
	}
	return output
}
