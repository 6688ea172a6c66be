package deploy_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// TestPage checks the examples and tables in docs/ci.md: they are valid, pin the same actions as the workflows, and
// describe all inputs and variables.
func TestPage(t *testing.T) {
	content, err := os.ReadFile("../docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(content)
	known := map[string]bool{}
	for _, file := range []string{"ci.yml", "release.yml"} {
		workflow, err := os.ReadFile("../.github/workflows/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, uses := range usesLines(workflow) {
			known[uses] = true
		}
	}
	for _, uses := range usesLines(content) {
		if strings.HasPrefix(uses, "actions/") && !known[uses] {
			t.Errorf("the page has another version than the workflows: %s", uses)
		}
	}
	inputs, variables := actionInputs(t), readTemplate(t).Variables
	for name := range inputs {
		checkRow(t, page, name)
	}
	for name := range variables {
		checkRow(t, page, name)
	}
	blocks := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllStringSubmatch(page, -1)
	for _, block := range blocks {
		checkExample(t, block[1], inputs, variables)
	}
	if len(blocks) != 4 {
		t.Errorf("the page has %d examples", len(blocks))
	}
}

func checkRow(t *testing.T, page, name string) {
	t.Helper()
	if !strings.Contains(page, "\n| `"+name+"` | ") {
		t.Errorf("the page has no row for %s", name)
	}
}

func actionInputs(t *testing.T) map[string]any {
	t.Helper()
	content, err := os.ReadFile("../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var action struct{ Inputs map[string]any }
	if err := yaml.Unmarshal(content, &action); err != nil {
		t.Fatal(err)
	}
	return action.Inputs
}

// checkExample checks the inputs of a GitHub workflow or the variables of a GitLab pipeline.
func checkExample(t *testing.T, text string, inputs map[string]any, variables map[string]string) {
	t.Helper()
	var github struct {
		Jobs map[string]struct{ Steps []step }
	}
	if err := yaml.Unmarshal([]byte(text), &github); err != nil {
		t.Errorf("%v in:\n%s", err, text)
		return
	}
	for _, job := range github.Jobs {
		for _, s := range job.Steps {
			for name := range s.With {
				if _, ok := inputs[name]; !ok && strings.HasPrefix(s.Uses, "OWNER/") {
					t.Errorf("the action has no input %s", name)
				}
			}
		}
	}
	if len(github.Jobs) > 0 {
		return
	}
	var gitlab struct{ Push gitlabJob }
	if err := yaml.Unmarshal([]byte(text), &gitlab); err != nil || len(gitlab.Push.Script) == 0 {
		t.Errorf("no job push (%v) in:\n%s", err, text)
	}
	for name := range gitlab.Push.Variables {
		if _, ok := variables[name]; !ok {
			t.Errorf("the template has no variable %s", name)
		}
	}
}
