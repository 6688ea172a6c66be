package docs_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDependencies compares the table in dependencies.md with the direct dependencies in go.mod. Tests of tools/sbom
// compare its licenses and programs.
func TestDependencies(t *testing.T) {
	var direct []string
	for _, m := range regexp.MustCompile(`(?m)^\t([^ ]+) v[^ ]+$`).FindAllStringSubmatch(read(t, "../go.mod"), -1) {
		direct = append(direct, m[1])
	}
	var documented []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^ `]+)` \\| [^|]+ \\| [^|]*\\| [^|]+ \\|$").FindAllStringSubmatch(read(t, "dependencies.md"), -1) {
		documented = append(documented, m[1])
	}
	slices.Sort(direct)
	slices.Sort(documented)
	if len(direct) < 20 || !slices.Equal(direct, documented) {
		t.Errorf("the table contains:\n%s\ngo.mod contains:\n%s", strings.Join(documented, "\n"), strings.Join(direct, "\n"))
	}
}
