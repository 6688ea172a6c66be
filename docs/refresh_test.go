package docs_test

import (
	"bytes"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"ecrlogin/internal/environ"
	"ecrlogin/internal/refreshcli"
	"ecrlogin/internal/refreshconfig"
	"ecrlogin/refresh/kubernetes/secret"
)

// TestRefreshExamples checks that the examples of configuration files of ecr-token-refresh are valid.
func TestRefreshExamples(t *testing.T) {
	begin := regexp.MustCompile(`<!-- (example [a-z ]+): begin -->`)
	n := 0
	for _, page := range []string{"refresh.md", "migrate.md"} {
		doc := read(t, page)
		for _, m := range begin.FindAllStringSubmatch(doc, -1) {
			n++
			c, err := refreshconfig.Parse("/config.yaml", []byte(block(t, doc, m[1])))
			if err != nil {
				t.Errorf("%s, %s: %v", page, m[1], err)
				continue
			}
			if legacy := len(c.Files) > 0 && c.Files[0].Legacy; legacy != (m[1] == "example sidecar") {
				t.Errorf("%s, %s: the form of the sidecar: %v", page, m[1], legacy)
			}
		}
	}
	if n < 9 {
		t.Errorf("only %d examples were found", n)
	}
}

// TestRefreshKeys checks that the complete example has every key of the configuration, and that every key has a row.
// The identity, the form of a Secret, and the two parts of "kubernetes" are described elsewhere.
func TestRefreshKeys(t *testing.T) {
	doc := read(t, "refresh.md")
	example := block(t, doc, "example all keys")
	elsewhere := []string{
		"profile", "roleArn", "externalId", "roleSessionName", "duration", "allow", "repositories", // configuration.md
		"type", "labels", "annotations", "data", "secrets", "lease",
	}
	parse := func(content []byte) error {
		_, err := refreshconfig.Parse("config.yaml", content)
		return err
	}
	for _, key := range validKeys(t, 30, parse,
		"x: y\n", "registries:\n  - x: y\n", "kubernetes: {x: y}\n", "kubernetes: {lease: {x: y}}\n",
		"kubernetes:\n  secrets:\n    - x: y\n", "kubernetes:\n  secrets:\n    - template: {x: y}\n",
	) {
		if key == "mfaSerial" { // is an error
			continue
		}
		if !regexp.MustCompile(`(?m)^[ -]*` + key + `:`).MatchString(example) {
			t.Errorf("the example does not contain %s", key)
		}
		if !slices.Contains(elsewhere, key) && !strings.Contains(doc, "\n| `"+key+"` | ") {
			t.Errorf("refresh.md has no row for the key %s", key)
		}
	}
}

// rows returns the first cell of each row of the table whose head begins with a text.
func rows(t *testing.T, doc, head string) []string {
	t.Helper()
	_, table, ok := strings.Cut(doc, "\n| "+head+" |")
	if !ok {
		t.Fatalf("there is no table %q", head)
	}
	table, _, _ = strings.Cut(table, "\n\n")
	var cells []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)`").FindAllStringSubmatch(table, -1) {
		cells = append(cells, m[1])
	}
	slices.Sort(cells)
	return cells
}

func compare(t *testing.T, what string, documented, want []string) {
	t.Helper()
	slices.Sort(want)
	if want = slices.Compact(want); !slices.Equal(documented, want) || len(want) == 0 {
		t.Errorf("%s: refresh.md has %q, want %q", what, documented, want)
	}
}

// TestRefreshTables compares tables of refresh.md with the code.
func TestRefreshTables(t *testing.T) {
	doc := read(t, "refresh.md")
	compare(t, "presets", rows(t, doc, "preset"), secret.Presets())

	err := secret.Form{Data: map[string]string{"x": "${no-such-placeholder}"}}.Check(1)
	if err == nil {
		t.Fatal("an unknown placeholder is accepted")
	}
	_, list, _ := strings.Cut(err.Error(), "; use ")
	list, _, _ = strings.Cut(list, ", or write")
	compare(t, "placeholders", rows(t, doc, "placeholder"), strings.Split(list, ", "))

	var flags []string
	root := (&refreshcli.Program{Stdout: new(bytes.Buffer), Stderr: new(bytes.Buffer)}).Root()
	root.InitDefaultHelpFlag()
	add := func(f *pflag.Flag) { flags = append(flags, "--"+f.Name) }
	root.Flags().VisitAll(add)
	root.PersistentFlags().VisitAll(add)
	compare(t, "flags", rows(t, doc, "flag"), flags)

	var paths []string
	for _, m := range regexp.MustCompile(`m\.mux\.Handle(?:Func)?\("(/[a-z]+)"`).
		FindAllStringSubmatch(read(t, "../internal/monitoring/monitoring.go"), -1) {
		paths = append(paths, m[1])
	}
	compare(t, "paths", rows(t, doc, "path"), paths)

	var alerts []string
	for _, m := range regexp.MustCompile(`- alert: (\w+)`).
		FindAllStringSubmatch(read(t, "../deploy/helm/ecr-token-refresh/templates/prometheusrule.yaml"), -1) {
		alerts = append(alerts, m[1])
	}
	compare(t, "alerts", rows(t, doc, "alert"), alerts)

	var variables []string
	for _, name := range []string{"DOCKER_SECRET_NAME", "TARGET_NAMESPACE", "EXCLUDE_NAMESPACE", "DOCKER_REGISTRIES"} {
		if len(refreshconfig.Variables(environ.Env{name + "=x"})) == 1 {
			variables = append(variables, name)
		}
	}
	compare(t, "variables", rows(t, doc, "variable"), append(variables, "AWS_REGION"))
}

// TestMetricsAreDocumented compares the table of metrics with those of a test of package monitoring.
func TestMetricsAreDocumented(t *testing.T) {
	doc := read(t, "refresh.md")
	metrics := read(t, "../internal/monitoring/testdata/metrics.txt")
	const prefix = "ecr_token_refresh_"
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^# TYPE `+prefix+`(\w+)`).FindAllStringSubmatch(metrics, -1) {
		names = append(names, m[1])
	}
	compare(t, "metrics", rows(t, doc, "metric `"+prefix+"…`"), names)
	for _, m := range regexp.MustCompile(`(?m)^`+prefix+`(\w+)\{([^}]*)\}`).FindAllStringSubmatch(metrics, -1) {
		row := regexp.MustCompile("(?m)^\\| `" + m[1] + "` .*").FindString(doc)
		for _, label := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(m[2], -1) {
			if !strings.Contains(row, "`"+label[1]+"`") {
				t.Errorf("refresh.md does not mention the label %s of %s", label[1], m[1])
			}
		}
	}
}

// refreshCommand matches a command of ecr-token-refresh in a page.
var refreshCommand = regexp.MustCompile("(?m)(?:^    |`)ecr-token-refresh ([^`\n]*)")

// TestRefreshCommands checks that the commands and flags of ecr-token-refresh in README.md and the pages exist.
func TestRefreshCommands(t *testing.T) {
	checked := 0
	for _, page := range pages(t) {
		for _, m := range refreshCommand.FindAllStringSubmatch(read(t, page), -1) {
			checked++
			args := strings.Fields(m[1])
			root := (&refreshcli.Program{Stdout: new(bytes.Buffer), Stderr: new(bytes.Buffer)}).Root()
			cmd, rest, err := root.Find(args)
			if err == nil {
				err = cmd.ParseFlags(rest)
			}
			if err == nil {
				err = cmd.ValidateArgs(cmd.Flags().Args())
			}
			if err != nil {
				t.Errorf("%s: ecr-token-refresh %s: %v", page, m[1], err)
			}
		}
	}
	if checked < 4 {
		t.Errorf("only %d commands were checked", checked)
	}
}

// TestRefreshErrors checks that the program contains each message of errors.md: two successive words of it. Some
// messages consist of the text of others.
func TestRefreshErrors(t *testing.T) {
	_, section, ok := strings.Cut(read(t, "errors.md"), "\n## ecr-token-refresh\n")
	if !ok {
		t.Fatal("errors.md has no section for ecr-token-refresh")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var source strings.Builder
	for _, dir := range []string{
		"refresh/file", "refresh/kubernetes", "refresh/kubernetes/secret",
		"internal/refreshcli", "internal/refreshconfig", "internal/strictyaml",
	} {
		paths, err := filepath.Glob("../" + dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if !strings.HasSuffix(path, "_test.go") {
				source.WriteString(read(t, path))
			}
		}
	}
	others := []string{
		"FILE:LINE:COLUMN: WHAT; the line is: TEXT", "kubeconfig: CAUSE; …", "list namespaces: namespaces is forbidden: …",
		"Secret team-a/regcred: denied: …",
	}
	messages := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(section, -1)
	for _, m := range messages {
		words := strings.Fields(m[1])
		found := slices.Contains(others, m[1])
		for i := range words[1:] {
			found = found || strings.Contains(source.String(), strings.TrimRight(words[i]+" "+words[i+1], ":;,"))
		}
		if !found {
			t.Errorf("the program has no message %q", m[1])
		}
	}
	if len(messages) < 35 {
		t.Errorf("only %d messages were found", len(messages))
	}
}
