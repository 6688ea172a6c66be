// Package docs_test compares the documentation with the code.
package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"ecrlogin/config"
	"ecrlogin/internal/cachekey"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestKeysAreDocumented checks that every configuration key has a row.
func TestKeysAreDocumented(t *testing.T) {
	doc := read(t, "configuration.md")
	parse := func(content []byte) error {
		_, err := config.Parse("config.yaml", content)
		return err
	}
	for _, key := range validKeys(t, 15, parse, "x: y\n", "registries:\n  - x: y\n", "cache: {x: y}\n") {
		if !strings.Contains(doc, "\n| `"+key+"` | ") {
			t.Errorf("configuration.md has no row for the key %s", key)
		}
	}
}

// validKeys returns at least n keys, which the errors of parse for contents with unknown keys list.
func validKeys(t *testing.T, n int, parse func(content []byte) error, contents ...string) (keys []string) {
	t.Helper()
	for _, content := range contents {
		err := parse([]byte(content))
		if err == nil {
			t.Fatalf("%q is accepted", content)
		}
		_, list, ok := strings.Cut(err.Error(), "; valid keys of ")
		_, list, _ = strings.Cut(list, ": ")
		list, _, _ = strings.Cut(list, ";")
		if !ok {
			t.Fatalf("no keys in: %v", err)
		}
		keys = append(keys, strings.Split(list, ", ")...)
	}
	if len(keys) < n {
		t.Errorf("only these keys were found: %v", keys)
	}
	return keys
}

// TestVariablesAreDocumented checks that every variable of the program has a row. It finds them as string literals.
func TestVariablesAreDocumented(t *testing.T) {
	doc := read(t, "configuration.md")
	name := regexp.MustCompile(`^(ECR_LOGIN|AWS_ECR)_[A-Z_]+$`)
	found := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (path == "../e2e" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, _ := strconv.Unquote(lit.Value); name.MatchString(strings.TrimSuffix(text, "=")) {
					found[strings.TrimSuffix(text, "=")] = true
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for v := range found {
		if !strings.Contains(doc, "\n| `"+v+"` | ") {
			t.Errorf("configuration.md has no row for the variable %s", v)
		}
	}
	if len(found) < 6 {
		t.Errorf("only these variables were found: %v", found)
	}
}

// TestToolsAreDocumented checks that every prefix of variables that a credential_process may depend on is listed.
func TestToolsAreDocumented(t *testing.T) {
	doc := read(t, "cache.md")
	for _, p := range cachekey.ToolPrefixes {
		if !strings.Contains(doc, "`"+p+"`") {
			t.Errorf("cache.md does not list the prefix %s", p)
		}
	}
	if n := len(cachekey.ToolPrefixes); n < 10 {
		t.Errorf("there are only %d prefixes", n)
	}
}

// TestExampleIsAccepted checks that the example of a complete configuration file is valid.
func TestExampleIsAccepted(t *testing.T) {
	_, text, ok := strings.Cut(read(t, "configuration.md"), "<!-- the whole file: begin -->\n")
	text, _, ok2 := strings.Cut(text, "<!-- the whole file: end -->")
	if !ok || !ok2 {
		t.Fatal("configuration.md has no example")
	}
	c, err := config.Parse("config.yaml", []byte(strings.ReplaceAll("\n"+text, "\n    ", "\n")))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Registries) != 3 || c.Fallback == "" || c.Timeout == 0 || c.Cache.Store == "" || len(c.Cache.Variables) == 0 {
		t.Errorf("the example is incomplete: %+v", c)
	}
}

// TestSecurityNamesTests checks that every test that security.md names exists.
func TestSecurityNamesTests(t *testing.T) { checkTests(t, "security.md", 20) }

// checkTests checks that a page names at least n tests, and that they and the scripts that it names exist.
func checkTests(t *testing.T, page string, n int) {
	t.Helper()
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)(?:/([a-z0-9-]+))?`").FindAllStringSubmatch(read(t, page), -1)
	if len(named) < n {
		t.Fatalf("%s names only %d tests", page, len(named))
	}
	defined := tests(t)
	for _, m := range named {
		if defined[m[1]] == nil {
			t.Errorf("%s names %s, which does not exist", page, m[1])
		}
		if m[1] != "TestScript" || m[2] == "" {
			continue
		}
		scripts, err := filepath.Glob("../*/*/testdata/script/" + m[2] + ".txtar")
		if err != nil || len(scripts) == 0 {
			t.Errorf("%s names the script %s, which does not exist (%v)", page, m[2], err)
		}
	}
}

// TestPackagesAreDocumented checks that architecture.md lists every package, and no other.
func TestPackagesAreDocumented(t *testing.T) {
	doc := read(t, "architecture.md")
	files := 0
	for _, pattern := range []string{"../*/*.go", "../internal/*/*.go", "../credentials/*/*.go", "../cache/*/*.go"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			files++
			if dir := filepath.ToSlash(filepath.Dir(path))[len("../"):]; dir != "docs" && !strings.Contains(doc, "`"+dir+"`") {
				t.Errorf("architecture.md does not list the package %s", dir)
			}
		}
	}
	if files < 50 {
		t.Errorf("only %d files were found", files)
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `((?:internal|cache|credentials|config|registry)[a-z/]*)`").FindAllStringSubmatch(doc, -1) {
		if paths, _ := filepath.Glob("../" + m[1] + "/*.go"); len(paths) == 0 {
			t.Errorf("architecture.md lists %s, which does not exist", m[1])
		}
	}
}
