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

// A setting is a place in which a client is configured to use the helper.
type setting string

const (
	credHelpers    setting = "credHelpers"     // Docker's file, per host
	credsStore     setting = "credsStore"      // Docker's file, for all hosts
	registriesConf setting = "registries.conf" // for all hosts; Podman, Buildah and Skopeo do not support credsStore
	authJSON       setting = "auth.json"       // Podman's file, per host
)

// A session is a user of one client, with a separate home directory, AWS keys in the environment, and the helper
// configured.
type session struct {
	client client
	home   string
	run    string // XDG_RUNTIME_DIR
	env    []string
	input  string // standard input of the commands
}

// newSession creates a session. The helper connects to the real host names of AWS via a proxy. The client connects to
// registries directly.
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

// configure writes the configuration of Docker, which all clients read, or of Podman.
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

// configureHelper writes the configuration of the helper.
func (s *session) configureHelper(t *testing.T, content string) {
	t.Helper()
	writeFile(t, filepath.Join(s.home, ".config/ecr-login/config.yaml"), content)
}

func (s *session) authJSON() string { return filepath.Join(s.run, "containers/auth.json") }

// configureContainers writes the other configuration files of Podman, Buildah and Skopeo.
func (s *session) configureContainers(t *testing.T, how setting) {
	t.Helper()
	helpers := `"containers-auth.json"` // auth.json and config.json
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
	// The vfs driver creates no mounts, which would prevent the removal of the home directory.
	writeFile(t, filepath.Join(s.home, "storage.conf"), fmt.Sprintf(`
[storage]
driver = "vfs"
graphroot = "%s/storage"
runroot = "%s/storage"
`, s.home, s.run))
}

// with returns the same user with additional environment variables.
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

// withInput returns the same user with input as standard input of the commands.
func (s *session) withInput(input string) *session {
	changed := *s
	changed.input = input
	return &changed
}

// clearCache removes all cached tokens.
func (s *session) clearCache(t *testing.T) {
	t.Helper()
	s.must(t, "docker-credential-ecr-login cache clear --all", "")
}

// helper runs an action of the helper and returns its output.
func (s *session) helper(t *testing.T, action, input string) string {
	t.Helper()
	return s.withInput(input).must(t, "docker-credential-ecr-login "+action, "")
}

// sh runs a shell command for the image ref and returns its standard output and error.
func (s *session) sh(t *testing.T, script, ref string) (output string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-euc", script)
	cmd.Dir = s.home
	host, _, _ := strings.Cut(ref, "/")
	cmd.Env = append(s.env, "REF="+ref, "HOST="+host)
	cmd.Stdin = strings.NewReader(s.input)
	cmd.WaitDelay = 5 * time.Second // if a grandchild holds the pipe open
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// must is sh for a command that must succeed. It does nothing if script is empty.
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
