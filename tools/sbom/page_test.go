package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestPage compares the licenses, the programs and the numbers in docs/dependencies.md with the modules.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string][]string{} // the programs that contain a module, by their short name
	linked := map[string]*module{}
	for i, name := range []string{"helper", "refresh"} {
		modules, err := programs[i].collect()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range modules {
			used[m.path] = append(used[m.path], name)
			linked[m.path] = m
		}
		if want := fmt.Sprintf("contains %d", len(modules)-1); !strings.Contains(string(page), want) { // without the standard library
			t.Errorf("the page does not say that %s %s modules", programs[i].name, want)
		}
	}
	rows := regexp.MustCompile("(?m)^\\| `([^ `]+)` \\| ([^|]+) \\| ([^|]*)\\| [^|]+ \\|$").FindAllStringSubmatch(string(page), -1)
	if len(rows) < 20 {
		t.Fatalf("found %d rows", len(rows))
	}
	for _, row := range rows {
		m := linked[row[1]]
		if m == nil {
			m = &module{path: row[1], dir: mustModule(t, row[1])}
			m.packages = []string{m.dir}
		}
		licenses, err := findLicenses(m)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := strings.Join(identifiers(licenses), " AND "); got != row[2] {
			t.Errorf("the license of %s is %s, the page says %s", m.path, got, row[2])
		}
		if got := strings.Join(used[m.path], ", "); got != strings.TrimSpace(row[3]) {
			t.Errorf("%s is in %q, the page says %q", m.path, got, row[3])
		}
	}
}
