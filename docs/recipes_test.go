package docs_test

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// testName matches the name of a test or fuzz target in a page.
var testName = regexp.MustCompile("`((?:Test|Fuzz)[A-Z][A-Za-z0-9]+)`")

// tests returns the names of all tests and fuzz targets, with the directories that define them.
func tests(t *testing.T) map[string][]string {
	t.Helper()
	defined := map[string][]string{}
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Z][A-Za-z0-9]+)\(`)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		for _, m := range function.FindAllStringSubmatch(read(t, path), -1) {
			defined[m[1]] = append(defined[m[1]], filepath.ToSlash(filepath.Dir(path)))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return defined
}

// TestNamedTestsExist checks that every test that a page names exists. CHANGELOG.md describes the past.
func TestNamedTestsExist(t *testing.T) {
	defined := tests(t)
	checked := 0
	for _, page := range pages(t) {
		if page == "../CHANGELOG.md" {
			continue
		}
		for _, m := range testName.FindAllStringSubmatch(read(t, page), -1) {
			checked++
			if defined[m[1]] == nil {
				t.Errorf("%s names %s, which does not exist", page, m[1])
			}
		}
	}
	if checked < 80 {
		t.Errorf("only %d names were checked", checked)
	}
}

// The beginnings of the section "Tested".
const (
	runHere    = "Run in e2e: "
	runByHand  = "Run by hand with "
	notRunHere = "Not run here: "
)

// ranIn are the words for these beginnings in the index.
var ranIn = map[string]string{runHere: "yes", runByHand: "by hand", notRunHere: "no"}

// tested returns the text of the section "Tested" of a page.
func tested(t *testing.T, path string) string {
	t.Helper()
	_, text, ok := strings.Cut(read(t, path), "\n## Tested\n\n")
	if !ok {
		t.Fatalf("%s has no section Tested", path)
	}
	return text
}

// TestRecipes checks the form of each recipe: its sections, and what was run. A recipe that was run names a test of e2e.
// The index repeats whether it was run.
func TestRecipes(t *testing.T) {
	index := read(t, "recipes/README.md")
	defined := tests(t)
	paths, err := filepath.Glob("recipes/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		name := filepath.Base(path)
		if name == "README.md" {
			continue
		}
		checkSections(t, path, []string{"Today", "Setup", "Check", "Tested"})
		text := tested(t, path)
		row := regexp.MustCompile(`(?m)^\| \[[^\]]+\]\(` + regexp.QuoteMeta(name) + `\) \| .* \| (yes|by hand|no) \|$`).
			FindStringSubmatch(index)
		beginning := beginningOf(text)
		switch {
		case row == nil:
			t.Errorf("recipes/README.md has no row for %s", name)
		case beginning == "":
			t.Errorf("%s: the section Tested begins with none of %q, %q and %q", path, runHere, runByHand, notRunHere)
		case row[1] != ranIn[beginning]:
			t.Errorf("recipes/README.md and %s do not agree on whether it was run", name)
		}
		first, _, _ := strings.Cut(text, "\n\n")
		names := testName.FindAllStringSubmatch(first, -1)
		if beginning == runHere && !slices.ContainsFunc(names, func(m []string) bool { return inE2E(defined[m[1]]) }) {
			t.Errorf("%s was run in e2e but names no test of it", path)
		}
		if beginning == runByHand && !strings.Contains(first, "no test runs it") {
			t.Errorf("%s was run by hand but does not state that no test runs it", path)
		}
	}
	if len(paths) < 28 {
		t.Errorf("only %d recipes were found", len(paths))
	}
}

// beginningOf returns the key of ranIn with which text begins, or "".
func beginningOf(text string) string {
	for beginning := range ranIn {
		if strings.HasPrefix(text, beginning) {
			return beginning
		}
	}
	return ""
}

// TestScenarios checks the form of the pages of scenarios. All were run.
func TestScenarios(t *testing.T) {
	defined := tests(t)
	paths, err := filepath.Glob("scenarios/[0-9]-*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		checkSections(t, path, []string{"Today", "With ecr-login", "Side by side", "Tested"})
		text := tested(t, path)
		names := testName.FindAllStringSubmatch(text, -1)
		if !strings.HasPrefix(text, runHere) || !slices.ContainsFunc(names, func(m []string) bool { return inE2E(defined[m[1]]) }) {
			t.Errorf("%s names no test of e2e", path)
		}
		if index := read(t, "scenarios/README.md"); !strings.Contains(index, "]("+filepath.Base(path)+")") {
			t.Errorf("scenarios/README.md does not list %s", path)
		}
	}
	if len(paths) != 5 {
		t.Errorf("%d scenarios were found", len(paths))
	}
}

// inE2E reports whether one of the directories is in e2e.
func inE2E(dirs []string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool { return strings.HasPrefix(dir+"/", "../e2e/") })
}

// checkSections checks that a page has exactly these sections.
func checkSections(t *testing.T, path string, want []string) {
	t.Helper()
	_, prose := codeBlocks(read(t, path))
	var got []string
	for _, m := range regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(prose, -1) {
		got = append(got, m[1])
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s has the sections %q, want %q", path, got, want)
	}
}
