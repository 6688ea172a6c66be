package deploy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// A workflow is the part of a workflow file that TestWorkflows checks.
type workflow struct {
	On          any
	Permissions map[string]string
	Concurrency map[string]any
	Jobs        map[string]struct {
		Permissions map[string]string
		Timeout     int `yaml:"timeout-minutes"`
		Container   any // an image, or a map with the image
		Services    map[string]struct{ Image string }
		Steps       []step
	}
}

type step struct {
	Uses string
	Run  string
	With map[string]any
}

// pinned matches an action that is pinned by a hash, with its version as a comment.
var pinned = regexp.MustCompile(`^[a-z-]+/[a-z-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+$`)

// digested matches an image that is pinned by a digest.
var digested = regexp.MustCompile(`^[a-z0-9./:_-]+@sha256:[0-9a-f]{64}$`)

// TestWorkflows checks what actionlint does not check: permissions, time limits, pinned actions and images, and that text
// of events is never part of a script.
func TestWorkflows(t *testing.T) {
	files, err := filepath.Glob("../.github/workflows/*.yml")
	if err != nil || len(files) < 2 {
		t.Fatalf("found the workflows %v (%v)", files, err)
	}
	hashes := map[string]string{} // by action and version
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range checkWorkflow(content) {
			t.Errorf("%s: %s", filepath.Base(file), problem)
		}
		for _, uses := range usesLines(content) {
			action, rest, _ := strings.Cut(uses, "@")
			if before := hashes[action]; before != "" && before != rest {
				t.Errorf("%s is pinned as %s and as %s", action, before, rest)
			}
			hashes[action] = rest
		}
	}
}

// usesLines returns the actions of another repository in a file, with their comments.
func usesLines(content []byte) []string {
	var lines []string
	for line := range strings.Lines(string(content)) {
		if _, uses, ok := strings.Cut(line, "uses: "); ok && !strings.HasPrefix(uses, "./") {
			lines = append(lines, strings.TrimSpace(uses))
		}
	}
	return lines
}

// checkWorkflow returns the problems of a workflow.
func checkWorkflow(content []byte) (problems []string) {
	report := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	var w workflow
	if err := yaml.Unmarshal(content, &w); err != nil {
		return []string{err.Error()}
	}
	if strings.Contains(string(content), "pull_request_target") || strings.Contains(string(content), "workflow_run") {
		report("a trigger runs code of others with the permissions of this repository")
	}
	if w.Permissions == nil || len(w.Permissions) != 0 {
		report("the permissions of the workflow are not {}")
	}
	if w.Concurrency == nil {
		report("concurrency is missing")
	}
	for name, job := range w.Jobs {
		if job.Permissions == nil || job.Timeout == 0 {
			report("job %s has no permissions or no time limit", name)
		}
		images := []string{}
		switch c := job.Container.(type) {
		case string:
			images = append(images, c)
		case map[string]any:
			images = append(images, fmt.Sprint(c["image"]))
		}
		for _, service := range job.Services {
			images = append(images, service.Image)
		}
		for _, image := range images {
			if !digested.MatchString(image) {
				report("job %s has an image that is not pinned by a digest: %s", name, image)
			}
		}
		for _, s := range job.Steps {
			if strings.Contains(s.Run, "${{") {
				report("job %s has an expression in a script: %s", name, s.Run)
			}
			if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != false {
				report("job %s leaves the token in the work tree", name)
			}
		}
	}
	for _, uses := range usesLines(content) {
		if !pinned.MatchString(uses) {
			report("not pinned by the hash of a release: %s", uses)
		}
	}
	return problems
}

// TestCheckWorkflow checks that checkWorkflow finds each kind of problem.
func TestCheckWorkflow(t *testing.T) {
	const workflow = `
on: {pull_request_target: {}}
permissions: {contents: write}
jobs:
  a:
    container: debian:11
    steps:
      - uses: actions/checkout@v7
      - uses: docker://debian:13
      - run: echo ${{ github.head_ref }}
  b:
    container: {image: "debian:12", options: --privileged}
    services: {a: {image: "redis:8"}, b: {image: "${{ matrix.image }}"}}
`
	problems := strings.Join(checkWorkflow([]byte(workflow)), "\n")
	for _, want := range []string{"a trigger", "permissions of the workflow", "concurrency", "no time limit", "expression", "token",
		"not pinned by the hash of a release: actions/checkout@v7", "not pinned by the hash of a release: docker://debian:13",
		"not pinned by a digest: debian:11", "not pinned by a digest: debian:12", "not pinned by a digest: redis:8",
		"not pinned by a digest: ${{ matrix.image }}"} {
		if !strings.Contains(problems, want) {
			t.Errorf("the problems do not contain %q:\n%s", want, problems)
		}
	}
}

// TestReleaseAttestsChecksums checks that the release workflow signs the checksums, with which users verify all files.
func TestReleaseAttestsChecksums(t *testing.T) {
	content, err := os.ReadFile("../.github/workflows/release.yml")
	if err != nil {
		t.Fatal(err)
	}
	var w workflow
	if err := yaml.Unmarshal(content, &w); err != nil {
		t.Fatal(err)
	}
	var attested string
	for _, s := range w.Jobs["attest"].Steps {
		if strings.HasPrefix(s.Uses, "actions/attest@") && s.With["sbom-path"] == nil {
			attested += fmt.Sprintln(s.With["subject-path"], s.With["subject-checksums"])
		}
	}
	fields := strings.Fields(attested)
	if !slices.Equal(fields, []string{"<nil>", "dist/SHA256SUMS", "dist/SHA256SUMS", "dist/SHA512SUMS", "<nil>"}) {
		t.Errorf("the workflow attests %q", fields)
	}
}

// TestActionFile checks that the scripts of the action get inputs as variables only, and all of them.
func TestActionFile(t *testing.T) {
	content, err := os.ReadFile("../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var action struct {
		Inputs map[string]any
		Runs   struct {
			Using string
			Steps []struct {
				Run   string
				Shell string
				Env   map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(content, &action); err != nil {
		t.Fatal(err)
	}
	if action.Runs.Using != "composite" || len(action.Runs.Steps) != 1 || action.Runs.Steps[0].Shell != "bash" {
		t.Fatalf("the action runs %+v", action.Runs)
	}
	run := action.Runs.Steps[0]
	if strings.Contains(run.Run, "${{") {
		t.Errorf("an expression is part of the script: %s", run.Run)
	}
	if strings.Contains(string(content), "${{ github.action_path }}") {
		t.Error("github.action_path is used, which is a path on the host in jobs with a container")
	}
	for name := range action.Inputs {
		if !strings.Contains(fmt.Sprint(run.Env), "${{ inputs."+name+" }}") {
			t.Errorf("the input %s is not used", name)
		}
	}
	script, err := os.ReadFile("action/install.sh")
	if err != nil {
		t.Fatal(err)
	}
	for name := range run.Env {
		if !strings.Contains(string(script), "\n# "+name+" ") {
			t.Errorf("install.sh does not describe the variable %s", name)
		}
	}
}
