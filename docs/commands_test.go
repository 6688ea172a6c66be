package docs_test

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"ecrlogin/internal/cli"
	"ecrlogin/internal/refreshcli"
)

// commandLine matches a command line of one of the programs in code. A path before the program may be part of it.
var commandLine = regexp.MustCompile(`(?:^|[\s/"'\x60(=])(docker-credential-ecr-login|ecr-credential-provider|ecr-token-refresh)` +
	`((?: +[^\s|;&<>)#"'\x60]+)+)`)

// roots returns the commands of the programs.
func roots() map[string]*cobra.Command {
	helper := (&cli.Program{Name: "docker-credential-ecr-login", Version: "test", Stdin: strings.NewReader(""),
		Stdout: new(bytes.Buffer), Stderr: new(bytes.Buffer)}).Root()
	provider, _, err := helper.Find([]string{"kubelet"})
	if err != nil {
		panic(err)
	}
	return map[string]*cobra.Command{
		"docker-credential-ecr-login": helper,
		"ecr-credential-provider":     provider,
		"ecr-token-refresh":           (&refreshcli.Program{Stdout: new(bytes.Buffer), Stderr: new(bytes.Buffer)}).Root(),
	}
}

// TestCommandsExist checks that the commands and flags in all pages exist: in code blocks and in code spans.
func TestCommandsExist(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	checked := map[string]int{}
	for _, page := range pages(t) {
		blocks, prose := codeBlocks(read(t, page))
		var code []string
		for _, b := range blocks {
			if b.info != outputInfo {
				code = append(code, strings.Split(strings.ReplaceAll(b.text, "\\\n", " "), "\n")...)
			}
		}
		for _, m := range span.FindAllStringSubmatch(prose, -1) {
			code = append(code, m[1])
		}
		for _, line := range code {
			for _, m := range commandLine.FindAllStringSubmatch(line, -1) {
				args := strings.Fields(m[2])
				args[0] = strings.TrimRight(args[0], ",:")
				if !isCommand(m[1], args[0]) {
					continue
				}
				checked[m[1]]++
				if err := checkCommand(roots()[m[1]], args); err != nil {
					t.Errorf("%s: %s%s: %v", page, m[1], m[2], err)
				}
			}
		}
	}
	if checked["docker-credential-ecr-login"] < 40 || checked["ecr-token-refresh"] < 5 {
		t.Errorf("only these numbers of commands were checked: %v", checked)
	}
}

// isCommand reports whether the word after the name of a program makes it a command line. In other places, the program
// is an argument of another command such as install, the namespace of kubectl, or the subject of a message.
func isCommand(program, word string) bool {
	switch {
	case program == "ecr-token-refresh" || program == "ecr-credential-provider":
		return strings.HasPrefix(word, "--")
	case word == "is" || word == "would":
		return false
	}
	return regexp.MustCompile(`^(--?)?[a-z]`).MatchString(word)
}

// checkCommand checks that the command at the beginning of args exists, and has the flags in args.
func checkCommand(root *cobra.Command, args []string) error {
	root.InitDefaultHelpFlag()
	cmd, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	if cmd.HasSubCommands() && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		return fmt.Errorf("unknown command %s", rest[0])
	}
	cmd.InitDefaultHelpFlag()
	var unknown []error
	for _, arg := range rest {
		flag, _, _ := strings.Cut(arg, "=")
		flag = strings.TrimRight(flag, ".,:]")
		long, isLong := strings.CutPrefix(flag, "--")
		known := true
		switch {
		case isLong && long != "":
			known = cmd.Flag(long) != nil
		case len(flag) == 2 && flag[0] == '-':
			known = cmd.Flags().ShorthandLookup(flag[1:]) != nil || cmd.InheritedFlags().ShorthandLookup(flag[1:]) != nil
		}
		if !known {
			unknown = append(unknown, fmt.Errorf("unknown flag %s", flag))
		}
	}
	return errors.Join(unknown...)
}

func TestCheckCommand(t *testing.T) {
	for line, valid := range map[string]bool{
		"docker-credential-ecr-login configure docker --registry HOST --dry-run": true,
		"docker-credential-ecr-login password -o auth.json HOST":                 true,
		"docker-credential-ecr-login --version":                                  true,
		"docker-credential-ecr-login login HOST":                                 false,
		"docker-credential-ecr-login configure moby":                             false,
		"docker-credential-ecr-login configure docker --bin-dir DIR":             false,
		"docker-credential-ecr-login password -q HOST":                           false,
		"ecr-token-refresh --config=FILE --dry-run":                              true,
		"ecr-token-refresh --verbose":                                            false,
		"ecr-credential-provider --role-arn ARN":                                 true,
		"ecr-credential-provider --profile P":                                    false,
	} {
		words := strings.Fields(line)
		if err := checkCommand(roots()[words[0]], words[1:]); (err == nil) != valid {
			t.Errorf("%s: %v", line, err)
		}
	}
}
