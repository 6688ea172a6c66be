package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestDate checks that the date of the pages is SOURCE_DATE_EPOCH, so that builds are reproducible.
func TestDate(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1767323045") // 2026-01-02
	dir := t.TempDir()
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"docker-credential-ecr-login.1", "ecr-token-refresh.1"} {
		page, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if want := `"Jan 2026"`; !strings.Contains(string(page), want) {
			t.Errorf("%s has no %s in its header: %.120s", name, want, page)
		}
	}
}

// TestEveryCommandHasAnExample checks that every command has a short description and an example.
func TestEveryCommandHasAnExample(t *testing.T) {
	least := map[string]int{"docker-credential-ecr-login": 10, "ecr-token-refresh": 5}
	for _, root := range roots() {
		n := 0
		var walk func(*cobra.Command)
		walk = func(c *cobra.Command) {
			n++
			if c.Short == "" || !strings.Contains(c.Example, root.Name()) {
				t.Errorf("%s: short %q, example %q", c.CommandPath(), c.Short, c.Example)
			}
			for _, sub := range c.Commands() {
				walk(sub)
			}
		}
		walk(root)
		if least[root.Name()] == 0 || n < least[root.Name()] {
			t.Errorf("%s: only %d commands were found", root.Name(), n)
		}
	}
}

// TestNotInPrograms checks that the programs do not contain cobra's generator and the Markdown parser that it imports,
// and that only ecr-token-refresh contains the Kubernetes client.
func TestNotInPrograms(t *testing.T) {
	for program, unwanted := range map[string][]string{
		"docker-credential-ecr-login": {"ecrlogin/internal/man", "github.com/spf13/cobra/doc", "k8s.io/"},
		"ecr-token-refresh":           {"ecrlogin/internal/man", "github.com/spf13/cobra/doc"},
	} {
		var stderr strings.Builder
		list := exec.Command("go", "list", "-deps", "ecrlogin/ecr-login/"+program)
		list.Stderr = &stderr
		out, err := list.Output()
		if err != nil {
			t.Fatalf("%v: %s", err, stderr.String())
		}
		for pkg := range strings.FieldsSeq(string(out)) {
			if slices.ContainsFunc(unwanted, func(prefix string) bool { return strings.HasPrefix(pkg, prefix) }) {
				t.Errorf("%s imports %s", program, pkg)
			}
		}
	}
}
