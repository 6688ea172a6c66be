package docs_test

import (
	"bytes"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ecrlogin/config"
	"ecrlogin/internal/cli"
)

// commandLine matches a command of this program in an indented block of a page.
var commandLine = regexp.MustCompile(`(?m)^    (?:sudo )?docker-credential-ecr-login (.*)$`)

// TestCommandsExist checks that the commands and flags in README.md and the pages exist.
func TestCommandsExist(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, page := range append(pages, "../README.md") {
		doc := strings.ReplaceAll(read(t, page), "\\\n", "")
		for _, m := range commandLine.FindAllStringSubmatch(doc, -1) {
			line, _, _ := strings.Cut(m[1], " #")
			line, _, _ = strings.Cut(line, " | ")
			checkCommand(t, page, strings.Fields(line))
			checked++
		}
	}
	if checked < 15 {
		t.Errorf("only %d commands were checked", checked)
	}
}

// checkCommand checks that help is available for the command at the beginning of args, and that it lists the flags in
// args.
func checkCommand(t *testing.T, page string, args []string) {
	t.Helper()
	name := args[:1]
	if len(args) > 1 && (args[0] == "configure" || args[0] == "cache") {
		name = args[:2]
	}
	var stdout, stderr bytes.Buffer
	p := &cli.Program{Name: "docker-credential-ecr-login", Version: "test", Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr}
	if exit := p.Run(append(append([]string{}, name...), "--help")); exit != 0 {
		t.Errorf("%s: docker-credential-ecr-login %s: unknown command: %s", page, strings.Join(args, " "), stderr.String())
		return
	}
	// The help of a command without this subcommand is that of its parent.
	if usage := "docker-credential-ecr-login " + strings.Join(name, " "); !strings.HasPrefix(name[0], "-") && !strings.Contains(stdout.String(), usage) {
		t.Errorf("%s: docker-credential-ecr-login %s: unknown command", page, strings.Join(args, " "))
	}
	for _, arg := range args {
		flag, _, _ := strings.Cut(arg, "=")
		if strings.HasPrefix(flag, "--") && !strings.Contains(stdout.String(), flag+" ") {
			t.Errorf("%s: docker-credential-ecr-login %s: unknown flag %s", page, strings.Join(args, " "), flag)
		}
	}
}

// TestConfigurationExample checks that the first example of configuration.md is valid.
func TestConfigurationExample(t *testing.T) {
	c, err := config.Parse("config.yaml", []byte(block(t, read(t, "configuration.md"), "configuration")))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Registries) != 3 || c.Fallback == "" {
		t.Errorf("the configuration has %d rules and the fallback %q", len(c.Registries), c.Fallback)
	}
}
