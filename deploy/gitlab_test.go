package deploy_test

import (
	"crypto/rand"
	"crypto/rsa"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"ecrlogin/internal/awstest"
)

// A gitlabJob is a job in a file of GitLab CI, with the keys that the template and the examples use.
type gitlabJob struct {
	Extends      string            `yaml:"extends"`
	Image        string            `yaml:"image"`
	Services     []string          `yaml:"services"`
	Variables    map[string]string `yaml:"variables"`
	BeforeScript []string          `yaml:"before_script"`
	Script       []string          `yaml:"script"`
	IDTokens     map[string]struct {
		Audience string `yaml:"aud"`
	} `yaml:"id_tokens"`
}

func readTemplate(t *testing.T) gitlabJob {
	t.Helper()
	content, err := os.ReadFile("gitlab/ecr-login.gitlab-ci.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]gitlabJob
	if err := yaml.Load(content, &file, yaml.WithKnownFields()); err != nil {
		t.Fatal(err)
	}
	job, ok := file[".ecr-login"]
	if !ok || len(file) != 1 || len(job.BeforeScript) != 1 || job.IDTokens["ECR_LOGIN_ID_TOKEN"].Audience == "" {
		t.Fatalf("the template contains %+v", file)
	}
	return job
}

// A pipeline is a job that extends the template, on a runner.
type pipeline struct {
	*machine
	job     gitlabJob
	release string
	temp    string
}

func newPipeline(t *testing.T) *pipeline {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("the template is for Linux on amd64 and arm64")
	}
	return &pipeline{newMachine(t), readTemplate(t), newRelease(t), t.TempDir()}
}

// run runs the job like GitLab Runner does: one shell runs before_script and script, and stops at the first error.
func (p *pipeline) run(t *testing.T, shell, script string, variables ...string) (string, error) {
	t.Helper()
	all := append([]string{"TMPDIR=" + p.temp, "CI_PROJECT_ID=42"}, variables...)
	for name, value := range p.job.Variables {
		if !slices.ContainsFunc(variables, func(v string) bool { return strings.HasPrefix(v, name+"=") }) {
			all = append(all, name+"="+value)
		}
	}
	return p.machine.run([]string{shell, "-c", "set -e\n" + p.job.BeforeScript[0] + "\n" + script}, all...)
}

// TestGitLab runs the template and pulls with the helper that it installed and the role that it assumes.
func TestGitLab(t *testing.T) {
	const role = "arn:aws:iam::123456789012:role/gitlab"
	p := newPipeline(t)
	p.aws.AllowRoleForSubject(role, "project_path:team/app", "https://gitlab.com")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p.aws.TrustIssuer(&key.PublicKey)
	p.env = slices.DeleteFunc(p.env, func(v string) bool {
		return strings.HasPrefix(v, "AWS_ACCESS_KEY_ID=") || strings.HasPrefix(v, "AWS_SECRET_ACCESS_KEY=")
	})
	for _, shell := range []string{"bash", "dash", "busybox"} {
		t.Run(shell, func(t *testing.T) {
			path := os.Getenv("PATH")
			if _, err := exec.LookPath(shell); err != nil {
				t.Skip(err)
			}
			if shell == "busybox" { // all programs are those of BusyBox, as in the image docker:cli
				path = t.TempDir()
				if out, err := exec.Command(shell, "--install", "-s", path).CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				shell = filepath.Join(path, "sh")
			}
			out, err := p.run(t, shell, `echo "$PATH"; echo "$AWS_WEB_IDENTITY_TOKEN_FILE"`,
				"ECR_LOGIN_URL="+serve(t, p.release), "ECR_LOGIN_REGISTRIES="+host+" "+other, "ECR_LOGIN_ROLE_ARN="+role,
				"PATH="+path, "ECR_LOGIN_ID_TOKEN="+idToken(t, key), "ECR_LOGIN_SHA256SUMS="+sums(t, p.release))
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			lines := strings.Split(strings.TrimSpace(out), "\n")
			bin, _, _ := strings.Cut(lines[len(lines)-2], ":")
			token := lines[len(lines)-1]
			if info, err := os.Stat(token); err != nil || info.Mode() != 0o600 {
				t.Errorf("the file with the ID token: %v, %v", info, err)
			}
			t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", token)
			t.Setenv("AWS_ROLE_ARN", role)
			t.Setenv("AWS_ROLE_SESSION_NAME", "gitlab-42")
			p.pulls(t, bin, host)
			p.pulls(t, bin, other)
		})
	}
}

// idToken returns an ID token of GitLab.
func idToken(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	token, err := awstest.SignIDToken(key, map[string]any{
		"iss": "https://gitlab.com", "sub": "project_path:team/app", "aud": []string{"https://gitlab.com"},
		"exp": time.Now().Add(time.Hour).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestGitLabFailures(t *testing.T) {
	p := newPipeline(t)
	changed := t.TempDir()
	if err := os.CopyFS(changed, os.DirFS(p.release)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(changed, version, helper+"-"+version+"-linux-"+runtime.GOARCH+".tar.gz"), "changed")
	url, sum := "ECR_LOGIN_URL="+serve(t, p.release), "ECR_LOGIN_SHA256SUMS="+sums(t, p.release)
	for _, test := range []struct {
		name, want string
		variables  []string
	}{
		{"changed archive", "wrong SHA-256 of docker-credential", []string{"ECR_LOGIN_URL=" + serve(t, changed), sum}},
		{"changed checksums", "wrong SHA-256 of SHA256SUMS; check ECR_LOGIN_SHA256SUMS", []string{url, "ECR_LOGIN_SHA256SUMS=0"}},
		{"unknown version", "cannot download SHA256SUMS; check ECR_LOGIN_VERSION and", []string{url, "ECR_LOGIN_VERSION=9.9.9", sum}},
		{"no registries", "", []string{url, "ECR_LOGIN_REGISTRIES=", sum}},
		{"no encryption", "ECR_LOGIN_URL is not encrypted; use https", []string{url}},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, err := p.run(t, "bash", "echo not reached", append([]string{"ECR_LOGIN_REGISTRIES=" + host}, test.variables...)...)
			if err == nil || !strings.Contains(out, test.want) || strings.Contains(out, "not reached") {
				t.Errorf("the result is %v, want %q:\n%s", err, test.want, out)
			}
			if _, err := os.Stat(filepath.Join(p.home, ".docker", "config.json")); err == nil {
				t.Error("the Docker configuration was written")
			}
		})
	}
}
