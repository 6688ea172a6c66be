package docs_test

import (
	"regexp"
	"strings"
	"testing"
)

// TestComparison checks that each statement in the tables of comparison.md has a link or names a test. A cell may also
// only deny something. The tables of measurements, and of commands on one machine, contain results.
func TestComparison(t *testing.T) {
	doc := read(t, "comparison.md")
	statements, _, ok := strings.Cut(doc, "\n## Measurements\n")
	if !ok {
		t.Fatal("comparison.md has no measurements")
	}
	_, statements, _ = strings.Cut(statements, "\n## When another tool is better\n")
	source := regexp.MustCompile("\\]\\(|\\]\\[|`Test[A-Za-z]+`|^(?:none|no|nowhere)$")
	rows := 0
	for line := range strings.Lines(statements) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| |") || strings.HasPrefix(line, "| ---") {
			continue
		}
		rows++
		for _, cell := range strings.Split(strings.Trim(line, "|"), " | ")[1:] {
			if !source.MatchString(strings.TrimSpace(cell)) {
				t.Errorf("%q has no link and names no test, in: %s", cell, line)
			}
		}
	}
	if rows < 40 {
		t.Errorf("only %d rows were checked", rows)
	}
}

// TestComparisonNamesTests checks that every test that comparison.md names exists.
func TestComparisonNamesTests(t *testing.T) { checkTests(t, "comparison.md", 8) }
