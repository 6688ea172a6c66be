package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"ecrlogin/internal/awstest"
)

// A ciJob contains the commands in the recipe of a CI service, and the variables that the service sets.
type ciJob struct {
	setup string   // on the agent, before the job
	steps []string // each in its own shell
	env   []string
	tag   string // of the image team/app that the steps push
}

// TestJobs runs the commands in the recipes of CI services in a shell, and pulls the image that they pushed.
func TestJobs(t *testing.T) {
	aws := startAWS(t)
	startDockerd(t)
	img := newImage(t)
	for name, read := range map[string]func(*testing.T, *awstest.Server, *session) ciJob{
		"buildkite": buildkiteJob,
		"circleci":  circleciJob,
		"codebuild": codebuildJob,
		"gitlab-ci": gitlabJob,
		"jenkins":   jenkinsJob,
		"teamcity":  teamcityJob,
	} {
		t.Run(name, func(t *testing.T) {
			aws.ResetCalls()
			s := newSession(t, aws, docker(debianDocker), img, "")
			user := s.with()
			job := read(t, aws, s)
			ref := firstHost + "/team/app:" + job.tag
			s.must(t, job.setup, ref)
			for _, step := range job.steps {
				s.with(job.env...).withInput("cd $CONTEXT\n"+step).must(t, "exec bash -eo pipefail", ref)
			}
			s.mustNotWritePassword(t)
			if n := aws.Count(awstest.GetAuthorizationToken); n != 1 {
				t.Errorf("AWS received %d token requests, want 1", n)
			}
			for _, command := range []string{s.client.remove, s.client.pull, s.client.remove} {
				user.must(t, command, ref)
			}
		})
	}
}

func buildkiteJob(t *testing.T, _ *awstest.Server, _ *session) ciJob {
	var file struct{ Steps []struct{ Commands []string } }
	parse(t, recipe(t, "buildkite", "yaml")[0], &file)
	return ciJob{recipe(t, "buildkite", "sh run")[0], file.Steps[0].Commands, []string{"BUILDKITE_COMMIT=b1"}, "b1"}
}

// circleciJob installs the helper from a release, and assumes a role with an ID token.
func circleciJob(t *testing.T, aws *awstest.Server, s *session) ciJob {
	var file struct {
		Jobs map[string]struct {
			Environment map[string]string
			Steps       []any
		}
	}
	parse(t, recipe(t, "circleci", "yaml")[0], &file)
	image := file.Jobs["image"]
	j := ciJob{tag: "c1", env: []string{
		"CIRCLE_SHA1=c1", "VERSION=0.1.0", "RELEASE_URL=https://" + s.serveRelease(t, "/"),
		"CIRCLE_OIDC_TOKEN_V2=" + idToken(t, aws, image.Environment["AWS_ROLE_ARN"]),
	}}
	for name, value := range image.Environment {
		j.env = append(j.env, name+"="+value)
	}
	for _, step := range image.Steps {
		fields, _ := step.(map[string]any) // "checkout" is a string
		switch run := fields["run"].(type) {
		case string:
			j.steps = append(j.steps, run)
		case map[string]any:
			j.steps = append(j.steps, run["command"].(string))
		}
	}
	s.dropKeys()
	// A step runs sudo to install the helper in a directory of the system. This sudo installs it in the user's.
	const sudo = `#!/bin/sh\n[ "$1 $3" = "install /usr/local/bin/" ] && exec install "$2" %s/bin\n`
	j.setup = `printf '` + sudo + `' $HOME >bin/sudo && chmod 755 bin/sudo`
	return j
}

func codebuildJob(t *testing.T, _ *awstest.Server, s *session) ciJob {
	var file struct {
		Phases map[string]struct{ Commands []string }
	}
	parse(t, recipe(t, "codebuild", "yaml")[0], &file)
	writeFile(t, s.dockerConfig(), recipe(t, "codebuild", "json")[0])
	return ciJob{"", file.Phases["build"].Commands, []string{"CODEBUILD_RESOLVED_SOURCE_VERSION=d1"}, "d1"}
}

// gitlabJob extends the template of this repository, which installs the helper from a release and assumes a role with
// an ID token.
func gitlabJob(t *testing.T, aws *awstest.Server, s *session) ciJob {
	type gitlab struct {
		Variables    map[string]string
		BeforeScript []string `yaml:"before_script"`
		Script       []string
	}
	content, err := os.ReadFile("../deploy/gitlab/ecr-login.gitlab-ci.yml")
	if err != nil {
		t.Fatal(err)
	}
	var template, file map[string]gitlab
	parse(t, string(content), &template)
	_, push, _ := strings.Cut(recipe(t, "gitlab-ci", "yaml")[0], "\n\n") // without include, which is a list
	parse(t, push, &file)
	j := ciJob{tag: "g1"}
	for _, variables := range []map[string]string{template[".ecr-login"].Variables, file["push"].Variables} {
		for name, value := range variables {
			j.env = append(j.env, name+"="+value)
		}
	}
	j.env = append(j.env, "CI_COMMIT_SHA=g1", "CI_PROJECT_ID=42",
		"ECR_LOGIN_URL=https://"+s.serveRelease(t, "/0.1.0/"),
		"ECR_LOGIN_ID_TOKEN="+idToken(t, aws, file["push"].Variables["ECR_LOGIN_ROLE_ARN"]))
	lines := append(template[".ecr-login"].BeforeScript, file["push"].Script...)
	j.steps = []string{strings.Join(lines, "\n")}
	s.dropKeys()
	return j
}

func jenkinsJob(t *testing.T, _ *awstest.Server, _ *session) ciJob {
	j := ciJob{setup: recipe(t, "jenkins", "sh run")[0], env: []string{"BUILD_NUMBER=j1"}, tag: "j1"}
	for _, m := range regexp.MustCompile(`sh '(.*)'`).FindAllStringSubmatch(recipe(t, "jenkins", "groovy")[0], -1) {
		j.steps = append(j.steps, m[1])
	}
	return j
}

func teamcityJob(t *testing.T, _ *awstest.Server, _ *session) ciJob {
	_, script, _ := strings.Cut(recipe(t, "teamcity", "kotlin")[0], `"""`)
	script, _, _ = strings.Cut(script, `"""`)
	script = strings.ReplaceAll(script, "%build.number%", "t1")
	return ciJob{recipe(t, "teamcity", "sh run")[0], []string{script}, nil, "t1"}
}

func parse(t *testing.T, text string, file any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), file); err != nil {
		t.Fatal(err)
	}
}

// dropKeys removes the access key from the environment.
func (s *session) dropKeys() { s.env = s.anonymous().env }

// idToken returns an ID token that can assume role.
func idToken(t *testing.T, aws *awstest.Server, role string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	aws.TrustIssuer(&key.PublicKey)
	aws.AllowRoleForSubject(role, "team/app", "aws")
	token, err := awstest.SignIDToken(key, map[string]any{
		"iss": "https://ci.example", "sub": "team/app", "aud": []string{"aws"}, "exp": time.Now().Add(time.Hour).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return token
}
