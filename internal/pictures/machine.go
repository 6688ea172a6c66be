package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/v1/empty"

	"ecrlogin/internal/awstest"
)

const (
	host    = awstest.Account + ".dkr.ecr.us-west-2.amazonaws.com"
	image   = host + "/team/app:v1"
	program = "docker-credential-ecr-login"
)

// A machine is where the commands run: a directory with a home directory and the programs, and a stand-in for AWS.
type machine struct {
	dir   string
	cloud *awstest.Server
}

// newMachine creates a machine on which Docker's file has a mistake: the key of the registry is a URL.
func newMachine(helper, refresher string) (m *machine, err error) {
	dir, err := os.MkdirTemp("", "ecr-login-pictures")
	if err != nil {
		return nil, err
	}
	m = &machine{dir: dir}
	defer func() {
		if err != nil {
			m.close()
		}
	}()
	for _, sub := range []string{"bin", "run", "aws", filepath.Join("home", ".docker")} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	for name, from := range map[string]string{program: helper, "ecr-token-refresh": refresher} {
		if from, err = filepath.Abs(from); err != nil {
			return nil, err
		}
		content, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(m.path("bin", name), content, 0o755); err != nil {
			return nil, err
		}
	}
	mistake := "{\n\t\"credHelpers\": {\n\t\t\"https://" + host + "\": \"ecr-login\"\n\t}\n}\n"
	if err := os.WriteFile(m.path("home", ".docker", "config.json"), []byte(mistake), 0o600); err != nil {
		return nil, err
	}
	m.cloud, err = awstest.Start(awstest.Options{Dir: m.path("aws")})
	return m, err
}

func (m *machine) path(names ...string) string {
	return filepath.Join(append([]string{m.dir}, names...)...)
}

func (m *machine) close() {
	if m.cloud != nil {
		m.cloud.Close()
	}
	_ = os.RemoveAll(m.dir)
}

// demo returns the beginning and the end of the demo's output on a machine without Docker.
func (m *machine) demo() (string, error) {
	demo := m.path("demo")
	build := exec.Command("go", "build", "-o", demo, "ecrlogin/internal/demo")
	if text, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the demo: %w\n%s", err, text)
	}
	text, err := m.show("make demo", demo, m.path("bin", program), m.path("bin", "ecr-token-refresh"))
	if err != nil {
		return "", err
	}
	before, after, ok := strings.Cut(text, "\n3. ")
	end := strings.LastIndex(after, "\n\n")
	if !ok || end < 0 {
		return "", fmt.Errorf("unexpected output:\n%s", text)
	}
	return before + "\n…" + after[end:], nil
}

// doctor returns what doctor prints for an image that exists, but that Docker cannot pull because of the mistake.
func (m *machine) doctor() (string, error) {
	auth := crane.WithAuth(&authn.Basic{Username: "AWS", Password: m.cloud.IssueToken("us-west-2", false)})
	if err := crane.Push(empty.Image, image, auth, crane.WithTransport(m.cloud.Client().Transport)); err != nil {
		return "", err
	}
	text, err := m.show(program+" doctor "+image, m.path("bin", program), "doctor", image)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 1 { // it has found the mistake
		err = nil
	}
	return text, err
}

// configure returns what the next step that doctor recommends prints.
func (m *machine) configure() (string, error) {
	args := []string{"configure", "docker", "--registry", host}
	return m.show(program+" "+strings.Join(args, " "), m.path("bin", program), args...)
}

// show runs a command with a terminal as its standard output. It returns the command as a user types it, and what the
// terminal shows.
func (m *machine) show(typed, path string, args ...string) (string, error) {
	cmd := exec.Command(path, args...)
	cmd.Dir = m.path("home")
	cmd.Env = []string{
		"HOME=" + m.path("home"), "PATH=" + m.path("bin"), "TMPDIR=" + m.dir, "TERM=xterm",
		"XDG_RUNTIME_DIR=" + m.path("run"), "CONTAINERS_REGISTRIES_CONF=" + m.path("registries.conf"),
		"AWS_ACCESS_KEY_ID=" + awstest.KeyID, "AWS_SECRET_ACCESS_KEY=" + awstest.SecretKey,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CA_BUNDLE=" + m.cloud.CAFile, "HTTPS_PROXY=" + m.cloud.Proxy,
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	var screen bytes.Buffer
	err := showTerminal(cmd, &screen)
	if stderr.Len() > 0 {
		return "", fmt.Errorf("%s: %s", typed, stderr.String())
	}
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", typed, err, screen.String())
	}
	version, versionErr := exec.Command(m.path("bin", program), "version").Output()
	return "$ " + typed + "\n" + m.plain(screen.String(), string(version)), errors.Join(err, versionErr)
}

// durations and temporary match what differs between runs.
var (
	durations = regexp.MustCompile(`\b[0-9]+ ms\b|\b[0-9]+\.[0-9] s\b`)
	temporary = regexp.MustCompile(`/ecr-login-demo[0-9]+/`)
)

// plain replaces what differs between machines and runs. The version is "docker-credential-ecr-login VERSION".
func (m *machine) plain(screen, version string) string {
	fields := append(strings.Fields(version), "", "")
	for _, r := range [][2]string{
		{"\r\n", "\n"},
		{m.path("bin"), "/usr/local/bin"},
		{m.path("home"), "/home/me"},
		{m.path("run"), "/run/user/1000"},
		{m.dir, "/tmp"},
		{strings.TrimPrefix(m.cloud.Proxy, "http://"), "proxy.corp.example:3128"},
		{"user/awstest", "user/ci"},
		{"awstest", "Example Corp"},
		{"version " + fields[1], "version 0.1.0"},
	} {
		screen = strings.ReplaceAll(screen, r[0], r[1])
	}
	screen = temporary.ReplaceAllString(screen, "/ecr-login-demo/")
	return strings.TrimRight(durations.ReplaceAllString(screen, "… ms"), "\n")
}
